// Looks at a user's programs and paths on disk before a call is decided. The look happens beside
// the loop; the call is answered here only if the look finds an error.
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

  /// Calls `then` once the programs have been looked at. If `then` throws, that is the answer.
  void see_programs(const ExchangePtr& exchange, std::vector<UsersCommand> commands,
                    ProgramChecks::Done then) const;

  /// Calls `then` if the request's program exists; otherwise answers why it does not.
  void see_program(const ExchangePtr& exchange, const WorkRequest& request,
                   std::function<void()> then) const;

  /// Calls `then` with the present state of those paths, so that every later change counts; or
  /// answers why they cannot be watched.
  void see_paths(const ExchangePtr& exchange, std::vector<PathWatches::Globs> list,
                 std::function<void(const Fingerprints&)> then) const;

  /// The same for all registrations with paths; each keeps what was seen. They must outlive `then`.
  void see_paths_of(const ExchangePtr& exchange, std::span<Registration> registrations,
                    std::function<void()> then) const;

 private:
  const Settings& settings_;
  PathWatches& paths_;
  LookAtPrograms look_at_programs_;
};

}  // namespace wm
