// Turns registrations into jobs: handles unique names in use, chains, and files of jobs.
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "core/scheduler.h"
#include "core/text.h"
#include "daemon/store/store.h"

namespace wm {

/// A registration that has been found valid.
struct Registration {
  uid_t owner = 0;
  std::string uuid;  // The job's id, if it is stored.
  WorkRequest request;
  ExistingPolicy existing = ExistingPolicy::keep;
  bool applied = false;  // A file declares it.
  std::string where{};   // `FILE:line:column`, which precedes the errors that it causes.
  std::string stored{};  // stored_rest() of the request, if it was made in advance; or empty.
  // If not empty, the name of the request is this one, or this one with a number: see
  // choose_name().
  std::string numbered{};
  std::optional<std::int64_t> paths_seen{};  // The result of scan_paths(), if there are paths.
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

/// Call it only inside a turn's transaction. On an error nothing has changed.
class Registrar {
 public:
  Registrar(Store& store, Scheduler& scheduler, const Settings& settings)
      : store_(store), scheduler_(scheduler), settings_(settings) {}

  /// Call it when a turn begins.
  void begin_turn() { stored_.clear(); }

  /// Gives a registration that is `numbered` the first name that no unfinished and no failed job
  /// has: NAME, NAME-2, NAME-3, … A periodic job takes the name of one that is the same, so that a
  /// command that is repeated does not run twice.
  void choose_name(Registration& registration);

  Result<Registered> add(const Registration& registration, TimePoint now);

  /// Registers all of them or none; each updates a job of that name. If the present job already
  /// says the same, even if it has ended, it is unchanged. With `prune`, jobs that files declared
  /// and these do not are cancelled; they come last in the answer.
  Result<std::vector<Registered>> apply(const std::vector<Registration>& registrations, bool prune,
                                        uid_t owner, TimePoint now);

  /// What apply() would answer, without doing it: 0 is the id of a job that would be new.
  Result<std::vector<Registered>> preview(const std::vector<Registration>& registrations,
                                          bool prune, uid_t owner);

  /// True if this is the row of a new job as this turn has stored it.
  bool has_stored(const Work& work) const;

  /// Enqueues failed or cancelled jobs again, all of them or none. They may come after each other.
  Result<> retry(std::vector<WorkId> ids, TimePoint now);

  /// Starts an enqueued job at the next free slot, whatever its delay and constraints.
  Result<> run_now(WorkId id, TimePoint now);

 private:
  /// The present state of a new job's prerequisites.
  struct Prerequisites {
    std::vector<WorkId> all;
    std::vector<WorkId> unfinished;
    WorkState fate = WorkState::enqueued;  // Failed or cancelled, if one of them is.

    void add(WorkId id, WorkState state);
  };

  /// The error says why it cannot be enqueued together with the others, which are in order.
  Result<> check_retry(const Work& work, const std::vector<WorkId>& ids);

  /// The present state of a unique name.
  struct Present {
    std::optional<WorkId> holder;      // The job that holds it.
    std::vector<WorkId> unfinished;    // Oldest first: one, and those appended to it.
    std::optional<std::int32_t> runs;  // The holder's, if they are known already.
    bool same = false;                 // The holder equals the file's declaration.
    bool applied = false;              // The holder is known to come from a file.
  };

  /// Checks the space on disk. A registration that goes over the bound is still taken.
  Result<> find_space(const Registration& registration) const;
  /// `before`: so many jobs of that owner come before it.
  Result<> find_room(const Registration& registration, std::size_t before = 0) const;
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
  /// The unfinished jobs that files declared, but not these.
  std::vector<WorkId> undeclared(uid_t owner, const std::vector<Registered>& declared);

  Store& store_;
  Scheduler& scheduler_;
  const Settings& settings_;
  TextMap<int> last_numbers_;  // By owner and name: where the search for a free number begins.
  std::vector<Work> stored_;   // The rows of this turn's new jobs; the ids grow.
};

}  // namespace wm
