// Makes registrations into works: what a unique name that is in use means, chains, files of works.
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "core/scheduler.h"
#include "daemon/store/store.h"

namespace wm {

/// A registration that has been found valid.
struct Registration {
  uid_t owner = 0;
  std::string uuid;  // The work's id, should it be stored.
  WorkRequest request;
  ExistingPolicy existing = ExistingPolicy::keep;
  bool applied = false;  // A file declares it.
  std::string where{};   // `FILE:line:column`, before an error that it is the cause of.
  std::optional<std::int64_t> paths_seen{};  // By scan_paths(), where its trigger has paths.
};

enum class RegisterResult : std::uint8_t {
  enqueued,
  kept,
  replaced,
  updated,
  appended,
  unchanged,
  cancelled,
};
template <>
struct Words<RegisterResult> {
  static constexpr std::string_view noun = "result of a registration";
  static constexpr std::array<std::string_view, 7> list{
      "enqueued", "kept", "replaced", "updated", "appended", "unchanged", "cancelled"};
};

struct Registered {
  WorkId id = 0;
  RegisterResult result = RegisterResult::enqueued;
};

/// Only inside a turn's transaction. An error says why, and then nothing has changed.
class Registrar {
 public:
  Registrar(Store& store, Scheduler& scheduler, const Settings& settings)
      : store_(store), scheduler_(scheduler), settings_(settings) {}

  Result<Registered> add(const Registration& registration, TimePoint now);

  /// All of them or none; each is to update what is there. What is registered and says the same
  /// already is unchanged, also when it has ended. With `prune`, work that files declared and these
  /// do not is cancelled; it comes last in the answer.
  Result<std::vector<Registered>> apply(const std::vector<Registration>& registrations, bool prune,
                                        uid_t owner, TimePoint now);

  /// Failed or cancelled work is enqueued once more.
  Result<> retry(WorkId id, TimePoint now);

  /// Enqueued work starts at the next free slot, whatever its delay and constraints.
  Result<> run_now(WorkId id, TimePoint now);

 private:
  /// What the prerequisites of new work are by now.
  struct Prerequisites {
    std::vector<WorkId> all;
    std::vector<WorkId> unfinished;
    WorkState fate = WorkState::enqueued;  // Failed or cancelled, if one of them is.

    void add(WorkId id, WorkState state);
  };

  /// What there is of a unique name.
  struct Present {
    std::optional<WorkId> holder;      // Who holds it.
    std::vector<WorkId> unfinished;    // That has not ended by now, oldest first: one, or what was
                                       // appended to it.
    std::optional<std::int32_t> runs;  // Of the holder, where they are known already.
    bool same = false;                 // The holder is what a file declares …
    bool applied = false;              // … and is known to be declared by one.
  };

  /// On disk. One that goes over the bound is still taken.
  Result<> find_space(const Registration& registration) const;
  Result<> find_room(const Registration& registration) const;
  Work current(WorkId id);
  Result<Prerequisites> find_prerequisites(uid_t owner, const std::vector<std::string>& names);
  Present find_present(const Registration& registration);
  Result<Registered> add(const Registration& registration, const Present& present, TimePoint now);
  Result<Registered> update(WorkId id, const Registration& registration, TimePoint now);
  Registered insert(const Registration& registration, const Present& present,
                    const Prerequisites& prerequisites, RegisterResult result, TimePoint now);
  Result<Registered> apply_one(const Registration& registration, const Present& present,
                               TimePoint now);
  Result<std::vector<Present>> check_all(const std::vector<Registration>& registrations);
  Result<> compare(const Registration& registration, Present& present);
  void cancel_undeclared(uid_t owner, TimePoint now, std::vector<Registered>& results);

  Store& store_;
  Scheduler& scheduler_;
  const Settings& settings_;
};

}  // namespace wm
