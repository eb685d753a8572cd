// What crontab(5) and anacrontab(5) have in common: comments, variables, and what mails.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/import/entry.h"

namespace wm::cli {

struct Assignment {
  std::string name;
  std::string value;
};

/// `NAME = VALUE`, where either may be quoted, and the value ends with its line.
std::optional<Assignment> read_assignment(std::string_view line);

/// Reads a table line by line.
class TableReader {
 public:
  explicit TableReader(std::string where) : where_(std::move(where)) {}
  virtual ~TableReader() = default;

  std::vector<Entry> read(std::string_view text);

 protected:
  virtual void read_job(Entry& entry, std::string_view line) const = 0;

  /// Returns the variables that were set above the line.
  const std::map<std::string, std::string>& variables() const { return variables_; }

 private:
  bool take_comment(std::string_view line);
  std::vector<std::string> give_comments();

  std::string where_;  // The table's name.
  std::map<std::string, std::string> variables_;
  std::vector<std::string> comments_;  // They stand directly above the next entry.
};

/// True if the variable speaks to the scheduler, not to the command: then a note says what becomes
/// of that.
bool note_of_table(Entry& entry, const std::string& name, const std::string& value);

}  // namespace wm::cli
