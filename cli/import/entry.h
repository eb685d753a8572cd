// What an import makes of one line or unit of another scheduler: a job with notes, or the reason
// why it cannot become one.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <sys/types.h>

#include "core/work.h"

namespace wm::cli {

struct Entry {
  std::string where;                  // `FILE:LINE`, or the unit.
  std::string original;               // What stands there.
  std::vector<std::string> comments;  // The comments that stand above it there.
  std::vector<std::string> notes;     // What is not carried over, and why.
  WorkRequest request;                // Its name is a proposal until settle() has seen it.
  std::string refusal;                // Why it cannot become a job; empty: it is one.

  bool is_job() const { return refusal.empty(); }
  /// Each text once.
  void note(std::string text);
  /// The first reason stands.
  void refuse(std::string why) {
    if (refusal.empty()) refusal = std::move(why);
  }
};

struct Import {
  std::vector<std::string> head;  // Lines about all of it.
  std::vector<Entry> entries;
  std::string none = "there is nothing to import";  // What to say if there are no entries.
};

/// For whom jobs are imported, and the way to find out about others.
struct Caller {
  uid_t uid = 0;
  std::string home;
  std::function<std::string()> name;
  std::function<Result<uid_t>(const std::string& name)> find_user;
  /// The daemon registers no job whose program is not there.
  std::function<Result<>(const std::string& program)> check_program;
};

/// The one that runs this program, or the one for whom root acts.
Result<Caller> caller_for(const std::string& owner);

/// A request of that kind that runs each time once: the other schedulers try nothing again. `tag`
/// says where it comes from.
WorkRequest imported_request(WorkKind kind, std::string_view tag);

/// Lets the job run as that user. Only root may do so for somebody else.
void run_as(Entry& entry, const std::string& user, const Caller& caller);

/// Sets an environment variable, or notes why not.
void set_variable(Entry& entry, const std::string& name, const std::string& value);

/// Makes the names of all jobs valid and unique, and refuses what `wm apply` or the daemon would
/// refuse.
void settle(Import& import, const Caller& caller);

/// Writes a settled import as a file for `wm apply`.
void write_import(std::ostream& out, const Import& import);
boost::json::value to_json(const Import& import);

}  // namespace wm::cli
