// The vocabulary: jobs (`Work`), their states, constraints and policies, as WorkManager names them.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/flyweight.hpp>
#include <boost/flyweight/no_locking.hpp>
#include <boost/flyweight/set_factory.hpp>
#include <sys/types.h>

#include "core/constraints.h"
#include "core/exit_codes.h"
#include "core/stop_reason.h"
#include "core/time.h"
#include "core/windows.h"
#include "core/words.h"

namespace wm {

/// The daemon's own key of a job: assigned by the store, never used twice. 0: none. (The id that
/// users see is a UUID.)
using WorkId = std::int64_t;

// Enumerators with a number may be on disk by that number, so it never changes.
enum class WorkKind : std::uint8_t { oneoff = 0, periodic = 1, processing = 2 };
enum class WorkState : std::uint8_t {
  enqueued = 0,
  running = 1,
  blocked = 2,
  succeeded = 3,
  failed = 4,
  cancelled = 5,
};
enum class RunOutcome : std::uint8_t { succeeded = 0, failed = 1, retry = 2, interrupted = 3 };

/// True if it failed or asked for another attempt; an interrupted run proves nothing.
constexpr bool is_failure(RunOutcome outcome) {
  return outcome == RunOutcome::failed || outcome == RunOutcome::retry;
}

enum class BackoffPolicy : std::uint8_t { exponential = 0, linear = 1 };
enum class NetworkType : std::uint8_t {
  not_required = 0,
  connected = 1,
  unmetered = 2,
  metered = 3,
  not_roaming = 4,
};
enum class ExistingPolicy : std::uint8_t {
  keep,
  replace,
  append,
  append_or_replace,
  update,
  cancel_and_reenqueue,
};

/// The start of a period: the end of the previous run, or a fixed phase.
enum class Cadence : std::uint8_t { interval = 0, fixed = 1 };

/// The fate of an expedited job once its owner's budget is spent.
enum class OutOfQuota : std::uint8_t { run_as_non_expedited = 0, drop = 1 };

/// The way in which the outputs of prerequisites become input: a later value replaces an earlier
/// one, or every value becomes part of an array.
enum class Merge : std::uint8_t { overwrite = 0, arrays = 1 };

/// The I/O class of a run: as inherited, always the usual one, or only what nobody else wants.
enum class IoClass : std::uint8_t { inherited = 0, best_effort = 1, idle = 2 };

/// The events that --notify can name.
enum class Notice : std::uint8_t {
  started = 0,
  succeeded = 1,
  failed = 2,
  retried = 3,
  stopped = 4
};

/// The reason for a wait. `daemon`: there was none to run it.
enum class WaitKind : std::uint8_t {
  constraint = 0,
  delay = 1,
  backoff = 2,
  period = 3,
  prerequisite = 4,
  slot = 5,
  group = 6,
  paused = 7,
  quota = 8,
  trigger = 9,
  replaced = 10,
  daemon = 11,
  keep_alive = 12,  // Its owner's word.
};

/// The conditions that a job needs, all at once.
struct Constraints {
  NetworkType network = NetworkType::not_required;
  ConstraintSet flags;              // The constraints that are simply needed or not.
  std::vector<std::string> custom;  // Conditions that the configuration declares.
  Windows between;                  // Any of them suffices.

  /// True if that one is named, in whatever form.
  bool has(Constraint one) const;
  void set(Constraint flag, bool needed = true) { flags.set(flag, needed); }
  auto operator<=>(const Constraints&) const = default;
};

/// Calls `use` with the value of one constraint, whose type is that of its form.
template <class AnyConstraints, class Use>
auto with_value(const ConstraintDef& def, AnyConstraints& constraints, Use use) {
  if (def.form == ConstraintForm::network_type) return use(constraints.network);
  if (def.form == ConstraintForm::names) return use(constraints.custom);
  if (def.form == ConstraintForm::windows) return use(constraints.between);
  bool flag = constraints.flags.has(def.id);
  auto result = use(flag);
  if constexpr (!std::is_const_v<AnyConstraints>) constraints.set(def.id, flag);
  return result;
}

inline bool Constraints::has(Constraint one) const {
  return with_value(def_of(one), *this, [](const auto& value) {
    return value != std::remove_cvref_t<decltype(value)>{};
  });
}

/// A preference: holds a job back like a constraint, until it has been due for `relax_after`.
struct Preference {
  Constraints constraints;
  Duration relax_after{};

  auto operator<=>(const Preference&) const = default;
};

struct Backoff {
  BackoffPolicy policy = BackoffPolicy::exponential;
  Duration delay = 30s;

  auto operator<=>(const Backoff&) const = default;
};

/// The meaning of exit statuses; sysexits.h decides those in none of the lists.
struct ExitRules {
  ExitCodes fail_on;
  ExitCodes retry_on;
  ExitCodes success_on;
  bool retry_on_crash = false;

  bool operator==(const ExitRules&) const = default;
};

/// Paths whose change makes a job due, once they have been quiet for a while.
struct Trigger {
  std::vector<std::string> paths;     // Patterns as in glob(7); a directory stands for its entries.
  std::optional<Duration> delay;      // The wait after the last change; nothing: kTriggerDelay.
  std::optional<Duration> max_delay;  // The most after the first; nothing: see trigger_max_delay().

  auto operator<=>(const Trigger&) const = default;
};

/// The part of a job that the scheduler always needs: when it may run, and who is told.
struct Policy {
  WorkKind kind = WorkKind::oneoff;
  Constraints constraints;
  std::vector<Preference> prefer;
  Duration initial_delay{};
  Trigger trigger;        // A one-off waits for a change of these, if there are any.
  Duration every{};       // For a periodic job without a calendar.
  Duration flex{};        // 0: the whole period.
  std::string calendar;   // For a periodic job without a period; see core/calendar.h.
  std::string time_zone;  // The zone of calendar and windows; empty: the daemon's.
  Cadence cadence = Cadence::interval;
  std::optional<Duration> deadline;  // After it the constraints do not matter.
  std::optional<BackoffPolicy> backoff_policy;
  std::optional<Duration> backoff_delay;
  std::optional<std::int32_t> max_attempts;  // 0: unlimited. Nothing: as configured.
  std::optional<Duration> time_limit;        // 0: unlimited, whatever the configuration says.
  Duration watchdog{};                       // The longest silence of a run; 0: any.
  bool while_kept_alive = false;             // It starts only on its owner's word, that long ago.
  std::int32_t priority = 0;                 // -10 to 10.
  std::string group;
  bool expedited = false;
  OutOfQuota out_of_quota = OutOfQuota::run_as_non_expedited;
  std::vector<Notice> notify;

  auto operator<=>(const Policy&) const = default;
};

/// Equal policies are kept once: a million jobs with the same policy need one.
using SharedPolicy =
    boost::flyweight<Policy, boost::flyweights::set_factory<>, boost::flyweights::no_locking>;

/// The policy of a request without options. A copy of it costs no search among all policies.
inline const SharedPolicy& plain_policy() {
  static const SharedPolicy kPlain;
  return kPlain;
}

/// The resources that the processes of a run may use, all of them together.
struct Bounds {
  std::optional<std::int64_t> memory_max;  // Bytes.
  std::optional<std::int32_t> cpu_weight;  // 1 to 10000; everybody else has 100.
  std::optional<std::int32_t> tasks_max;   // Processes and threads.

  bool operator==(const Bounds&) const = default;
};

/// The identity and the resources of a run.
struct RunTerms {
  std::string as;  // A user's name; empty: the owner.
  std::optional<std::int32_t> nice;
  IoClass io_class = IoClass::inherited;
  std::optional<std::int32_t> umask;  // Nothing: 022.
  Bounds bounds;

  bool operator==(const RunTerms&) const = default;
};

/// One registration, as it was asked for.
struct WorkRequest : Policy {
  std::string unique_name;
  std::string task_name;             // Empty: the job has a command.
  std::vector<std::string> command;  // Empty: the declared task's command, looked up at each run.
  std::string cwd;                   // Empty: the owner's home.
  std::map<std::string, std::string> env;
  std::string env_file;      // A file with more variables, read at each start; empty: none.
  std::string input = "{}";  // A JSON object.
  std::string description;
  std::vector<std::string> tags;
  std::optional<TimePoint> at;             // A time instead of an initial delay.
  std::vector<std::string> prerequisites;  // Unique names.
  Merge merge = Merge::overwrite;
  ExitRules exit_rules;
  RunTerms terms;
  std::optional<Duration> stop_grace;
  std::optional<Duration> keep_results;  // The time after a terminal state; nothing: as configured.

  bool operator==(const WorkRequest&) const = default;
};

/// The start of the delay that an enqueued job waits for: its due time is measured from there.
enum class Timing : std::uint8_t {
  first = 0,    // The first run: a delay from being enqueued.
  retry = 1,    // The next attempt: a backoff from the end of the last one.
  period = 2,   // The next run: the period after the end of the last one.
  at_once = 3,  // Interrupted, or told to run: no delay.
  trigger = 4,  // The first run: no change of its paths has come yet.
  quiet = 5,    // The first run: the quiet time from such a change.
};

/// The time for which something held a run back after it was due.
struct Waited {
  WaitKind kind = WaitKind::constraint;
  std::string name;  // The constraint or group.
  Duration time{};

  auto operator<=>(const Waited&) const = default;
};

/// The waits of a due job until its terms changed, or somebody told it to run: what held it back by
/// then does not follow from its present row.
struct EarlierWaits {
  TimePoint until{};
  std::vector<Waited> waited;

  auto operator<=>(const EarlierWaits&) const = default;
};

/// What few jobs have at a time.
struct RareFacts {
  WorkId successor = 0;  // The replacement that waits until this running job's child is gone.
  EarlierWaits earlier;  // An enqueued job's, since it was due.

  auto operator<=>(const RareFacts&) const = default;
};
using SharedRareFacts =
    boost::flyweight<RareFacts, boost::flyweights::set_factory<>, boost::flyweights::no_locking>;

/// A copy costs no search among all.
inline const SharedRareFacts& no_rare_facts() {
  static const SharedRareFacts kNone;
  return kNone;
}

/// The scheduler's data about a job: everything that choosing needs, and no more.
struct Work {
  WorkId id = 0;
  SharedPolicy policy = plain_policy();
  SharedPolicy run_policy = plain_policy();  // The policy with which a running job was started.
  SharedRareFacts rare = no_rare_facts();
  TimePoint enqueued_at{};      // Registered, or freed by its prerequisites.
  TimePoint since{};            // The beginning of its present state, or of its present wait.
  TimePoint due{};              // An enqueued job may start from here on.
  TimePoint at{};               // The due time of the next run, if somebody has set one.
  Duration began{};             // The time since boot at the start of a running job.
  TimePoint period_ends{};      // The opening of the next period, if a periodic job is retrying.
  std::int32_t attempts = 0;    // Started and not interrupted, in this period.
  std::int32_t runs = 0;        // Children started so far under this unique name.
  std::int32_t periods = 0;     // Periods that are over.
  std::int32_t generation = 0;  // Updates so far.
  std::int32_t blocked_on = 0;  // Prerequisites that have not succeeded yet.
  uid_t owner = 0;
  WorkState state = WorkState::enqueued;
  Timing timing = Timing::first;
  StopReason stopping;     // A request: the job stays running until its child is gone.
  bool held = false;       // Waits for the child of the job that it replaces.
  bool run_now = false;    // Somebody asked for a run now: no constraint matters.
  bool settling = false;   // Was stopped by a constraint, which must hold for a while now.
  bool expedited = false;  // A running job is on its owner's budget.

  bool operator==(const Work&) const = default;
};

/// Somebody has set the time of its next run, which overrides everything else.
inline bool has_named_time(const Work& work) { return work.at != TimePoint{}; }

/// The time of its next run is known. A job that waits for its paths has none before one changes.
inline bool has_due_time(const Work& work) {
  return work.timing != Timing::trigger || has_named_time(work);
}

/// The end of a job's last run.
struct RunResult {
  RunOutcome outcome = RunOutcome::succeeded;
  std::optional<int> exit_code;
  std::optional<int> signal;
  StopReason stop_reason;
  std::string reason;  // A sentence, if the codes do not say it: why it could not be started.

  bool operator==(const RunResult&) const = default;
};

/// A run's own report of its progress.
struct RunProgress {
  std::optional<std::int32_t> percent;  // 0 to 100.
  std::string data;                     // A JSON object; empty: none.

  bool operator==(const RunProgress&) const = default;
};

/// One job as it is shown.
struct WorkInfo {
  std::string uuid;
  WorkRequest request;
  Work work;
  TimePoint registered_at{};
  std::optional<TimePoint> last_finished_at;
  std::optional<RunResult> last_result;
  std::string output;                   // A JSON object from the last successful run; empty: none.
  std::optional<RunProgress> progress;  // Enqueued: how far the last run got.
  bool applied = false;                 // Declared by a file.
};

/// One run as the history shows it.
struct RunInfo {
  WorkId work = 0;
  std::string uuid;  // Its job's.
  uid_t owner = 0;
  int run = 0;
  int attempt = 0;
  std::string unique_name;
  TimePoint started_at{};
  std::optional<TimePoint> finished_at;
  Duration length{};  // The time it took, once it is over, whatever happened to the clock.
  std::optional<RunResult> result;
  std::int64_t max_rss_kb = 0;
  Duration user_time{};
  Duration system_time{};
  std::int64_t read_kb = 0;  // Reads from disks, and writes to them.
  std::int64_t written_kb = 0;
  std::int64_t log_bytes = 0;  // The size of its log on disk, once it has ended.
  bool log_removed = false;    // Its log has made room for others.
  std::vector<Waited> waited;
  std::vector<std::string> relaxed;  // Preferences that were dropped for it.
  int missed_periods = 0;            // Periods that passed without a run before it started.
  bool expedited = false;            // It was on its owner's budget.
};

/// The resources used by all recorded runs of a job together.
struct RunTotals {
  std::int64_t runs = 0;
  Duration user_time{};
  Duration system_time{};
  std::int64_t max_rss_kb = 0;  // The most of any one.
  std::int64_t read_kb = 0;
  std::int64_t written_kb = 0;

  bool operator==(const RunTotals&) const = default;
};

constexpr bool is_finished(WorkState state) { return state >= WorkState::succeeded; }

template <>
struct Words<WorkKind> {
  static constexpr std::string_view noun = "kind";
  static constexpr std::array<std::string_view, 3> list{"oneoff", "periodic", "processing"};
};
template <>
struct Words<WorkState> {
  static constexpr std::string_view noun = "state";
  static constexpr std::array<std::string_view, 6> list{"enqueued",  "running", "blocked",
                                                        "succeeded", "failed",  "cancelled"};
};
template <>
struct Words<RunOutcome> {
  static constexpr std::string_view noun = "outcome";
  static constexpr std::array<std::string_view, 4> list{"succeeded", "failed", "retry",
                                                        "interrupted"};
};
template <>
struct Words<BackoffPolicy> {
  static constexpr std::string_view noun = "backoff policy";
  static constexpr std::array<std::string_view, 2> list{"exponential", "linear"};
};
template <>
struct Words<NetworkType> {
  static constexpr std::string_view noun = "network type";
  static constexpr std::array<std::string_view, 5> list{"not-required", "connected", "unmetered",
                                                        "metered", "not-roaming"};
};
template <>
struct Words<ExistingPolicy> {
  static constexpr std::string_view noun = "policy for existing work";
  static constexpr std::array<std::string_view, 6> list{
      "keep", "replace", "append", "append-or-replace", "update", "cancel-and-reenqueue"};
};
template <>
struct Words<Cadence> {
  static constexpr std::string_view noun = "cadence";
  static constexpr std::array<std::string_view, 2> list{"interval", "fixed"};
};
template <>
struct Words<OutOfQuota> {
  static constexpr std::string_view noun = "policy for work out of quota";
  static constexpr std::array<std::string_view, 2> list{"run-as-non-expedited", "drop"};
};
template <>
struct Words<Merge> {
  static constexpr std::string_view noun = "way to merge";
  static constexpr std::array<std::string_view, 2> list{"overwrite", "arrays"};
};
template <>
struct Words<IoClass> {
  static constexpr std::string_view noun = "I/O class";
  static constexpr std::array<std::string_view, 3> list{"", "best-effort", "idle"};
};
template <>
struct Words<Notice> {
  static constexpr std::string_view noun = "event";
  static constexpr std::array<std::string_view, 5> list{"started", "succeeded", "failed", "retried",
                                                        "stopped"};
};
template <>
struct Words<WaitKind> {
  static constexpr std::string_view noun = "reason to wait";
  static constexpr std::array<std::string_view, 13> list{
      "constraint", "delay", "backoff", "period",   "prerequisite", "slot",      "group",
      "paused",     "quota", "trigger", "replaced", "daemon",       "keep-alive"};
};

}  // namespace wm
