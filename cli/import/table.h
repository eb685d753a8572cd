// What crontab(5) and anacrontab(5) have in common: comments, variables, and what mails.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/import/entry.h"

namespace wm::cli {

/// Collects the comments that stand directly above an entry.
class TableComments {
 public:
  /// True if the line is empty or a comment.
  bool take(std::string_view line);
  /// Those above the next entry, without the headline of the columns that a fresh table has.
  std::vector<std::string> give();

 private:
  std::vector<std::string> lines_;
};

struct Assignment {
  std::string name;
  std::string value;
};

/// `NAME = VALUE`, where either may be quoted, and the value ends with its line.
std::optional<Assignment> read_assignment(std::string_view line);

/// True if the variable speaks to the scheduler, not to the command: then a note says what becomes
/// of that.
bool note_of_table(Entry& entry, const std::string& name, const std::string& value);

}  // namespace wm::cli
