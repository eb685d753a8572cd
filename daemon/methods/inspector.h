// What is looked at on a user's disk before a call is decided: programs, and paths to watch. It
// happens beside the loop; an answer is given here only where the look finds fault.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "daemon/methods/calls.h"
#include "daemon/triggers/path_watches.h"
#include "daemon/turn/program_checks.h"
#include "daemon/turn/registrar.h"

namespace wm {

/// See ProgramChecks::look().
using LookAtPrograms =
    std::function<void(uid_t asker, std::vector<UsersCommand> commands, ProgramChecks::Done done)>;

class Inspector {
 public:
  using Fingerprints = std::vector<std::int64_t>;

  Inspector(const Settings& settings, PathWatches& paths, LookAtPrograms look_at_programs)
      : settings_(settings), paths_(paths), look_at_programs_(std::move(look_at_programs)) {}

  /// Goes on once the programs are looked at. What `then` throws is the answer.
  void see_programs(const ExchangePtr& exchange, std::vector<UsersCommand> commands,
                    ProgramChecks::Done then) const;

  /// Goes on if the request's program is there; or answers why it is not.
  void see_program(const ExchangePtr& exchange, const WorkRequest& request,
                   std::function<void()> then) const;

  /// Goes on with what is there now of those paths, so that every change from then on counts; or
  /// answers why they cannot be watched.
  void see_paths(const ExchangePtr& exchange, std::vector<PathWatches::Globs> list,
                 std::function<void(const Fingerprints&)> then) const;

  /// The same for all that have paths, which keep what was seen. They must outlive `then`.
  void see_paths_of(const ExchangePtr& exchange, std::span<Registration> registrations,
                    std::function<void()> then) const;

 private:
  const Settings& settings_;
  PathWatches& paths_;
  LookAtPrograms look_at_programs_;
};

}  // namespace wm
