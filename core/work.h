// The vocabulary: work, its states, its constraints and policies, as WorkManager names them.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "core/exit_codes.h"
#include "core/time.h"
#include "core/words.h"

namespace wm {

/// The daemon's own key of a work: given by the store, never used twice. 0: none. (The id that
/// users see is a UUID.)
using WorkId = std::int64_t;

// The store keeps these by number: new ones go to the end of their list.
enum class WorkKind : std::uint8_t { oneoff, periodic, processing };
enum class WorkState : std::uint8_t { enqueued, running, blocked, succeeded, failed, cancelled };
enum class RunOutcome : std::uint8_t { succeeded, failed, retry, interrupted };
enum class BackoffPolicy : std::uint8_t { exponential, linear };
enum class NetworkType : std::uint8_t { not_required, connected, unmetered, metered, not_roaming };
enum class ExistingPolicy : std::uint8_t { keep, replace };
enum class Constraint : std::uint8_t { network, charging, battery_not_low, storage_not_low, idle };

/// Why wm stopped a run, or wishes to. `none`: it does not.
enum class StopReason : std::uint8_t {
  none,
  cancelled,
  replaced,
  constraint_network,
  constraint_charging,
  constraint_battery_not_low,
  constraint_storage_not_low,
  constraint_idle,
  shutdown,
  daemon_lost,
};

/// What the work needs the machine's conditions to be; all of it at once.
struct Constraints {
  NetworkType network = NetworkType::not_required;
  bool charging = false;
  bool battery_not_low = false;
  bool storage_not_low = false;
  bool idle = false;

  auto operator<=>(const Constraints&) const = default;
};

struct Backoff {
  BackoffPolicy policy = BackoffPolicy::exponential;
  Duration delay = 30s;

  bool operator==(const Backoff&) const = default;
};

/// Which exit statuses mean what; those in none of the lists mean what sysexits.h says.
struct ExitRules {
  ExitCodes fail_on;
  ExitCodes retry_on;
  ExitCodes success_on;
  bool retry_on_crash = false;

  bool operator==(const ExitRules&) const = default;
};

/// One registration, as it was asked for. Never changed once stored.
struct WorkRequest {
  std::string unique_name;
  std::string task_name;  // Empty: the work brings a command of its own.
  WorkKind kind = WorkKind::oneoff;
  std::vector<std::string> command;  // Empty: the declared task's command, looked up at each run.
  std::string cwd;                   // Empty: the owner's home.
  std::map<std::string, std::string> env;
  std::string input = "{}";  // A JSON object.
  std::string description;
  std::vector<std::string> tags;

  Constraints constraints;
  Duration initial_delay{};
  Duration every{};  // Periodic work only.
  Duration flex{};   // 0: the whole period.
  std::optional<Backoff> backoff;
  int max_attempts = 0;  // 0: no end.
  ExitRules exit_rules;
  std::optional<Duration> stop_grace;

  bool operator==(const WorkRequest&) const = default;
};

/// What the scheduler holds of each work: all that choosing needs, and no more.
struct Work {
  WorkId id = 0;
  WorkId successor = 0;     // The replacement that waits until this work's child is gone.
  TimePoint due{};          // Enqueued work may start from here on.
  TimePoint period_ends{};  // Periodic work that is retrying: when its next period opens.
  Duration every{};         // Periodic work only.
  Backoff backoff;
  std::int32_t attempts = 0;      // Started and not interrupted, in this period.
  std::int32_t max_attempts = 0;  // 0: no end.
  std::int32_t runs = 0;          // Children started so far under this unique name.
  Constraints constraints;
  WorkKind kind = WorkKind::oneoff;
  WorkState state = WorkState::enqueued;
  StopReason stopping =
      StopReason::none;  // A wish: the work stays running until its child is gone.
  bool held = false;     // Waits for the child of the work that it replaces.

  bool operator==(const Work&) const = default;
};

/// How the last run of a work ended.
struct RunResult {
  RunOutcome outcome = RunOutcome::succeeded;
  std::optional<int> exit_code;
  std::optional<int> signal;
  StopReason stop_reason = StopReason::none;
  std::string reason;  // A sentence, where the codes do not tell: why it could not be started.

  bool operator==(const RunResult&) const = default;
};

/// One work as it is shown.
struct WorkInfo {
  std::string uuid;
  uid_t owner = 0;
  WorkRequest request;
  Work work;
  TimePoint enqueued_at{};
  std::optional<TimePoint> last_finished_at;
  std::optional<RunResult> last_result;
};

/// One run as history shows it.
struct RunInfo {
  WorkId work = 0;
  int run = 0;
  int attempt = 0;
  std::string unique_name;
  TimePoint started_at{};
  std::optional<TimePoint> finished_at;
  std::optional<RunResult> result;
  std::int64_t max_rss_kb = 0;
  Duration user_time{};
  Duration system_time{};
};

constexpr bool is_finished(WorkState state) { return state >= WorkState::succeeded; }

constexpr StopReason constraint_lost(Constraint constraint) {
  switch (constraint) {
    case Constraint::network:
      return StopReason::constraint_network;
    case Constraint::charging:
      return StopReason::constraint_charging;
    case Constraint::battery_not_low:
      return StopReason::constraint_battery_not_low;
    case Constraint::storage_not_low:
      return StopReason::constraint_storage_not_low;
    case Constraint::idle:
      return StopReason::constraint_idle;
  }
  return StopReason::none;
}

template <>
struct Words<WorkKind> {
  static constexpr std::string_view kind = "kind";
  static constexpr std::array<std::string_view, 3> list{"oneoff", "periodic", "processing"};
};
template <>
struct Words<WorkState> {
  static constexpr std::string_view kind = "state";
  static constexpr std::array<std::string_view, 6> list{"enqueued",  "running", "blocked",
                                                        "succeeded", "failed",  "cancelled"};
};
template <>
struct Words<RunOutcome> {
  static constexpr std::string_view kind = "outcome";
  static constexpr std::array<std::string_view, 4> list{"succeeded", "failed", "retry",
                                                        "interrupted"};
};
template <>
struct Words<BackoffPolicy> {
  static constexpr std::string_view kind = "backoff policy";
  static constexpr std::array<std::string_view, 2> list{"exponential", "linear"};
};
template <>
struct Words<NetworkType> {
  static constexpr std::string_view kind = "network type";
  static constexpr std::array<std::string_view, 5> list{"not-required", "connected", "unmetered",
                                                        "metered", "not-roaming"};
};
template <>
struct Words<ExistingPolicy> {
  static constexpr std::string_view kind = "policy for existing work";
  static constexpr std::array<std::string_view, 2> list{"keep", "replace"};
};
template <>
struct Words<Constraint> {
  static constexpr std::string_view kind = "constraint";
  static constexpr std::array<std::string_view, 5> list{"network", "charging", "battery-not-low",
                                                        "storage-not-low", "idle"};
};
template <>
struct Words<StopReason> {
  static constexpr std::string_view kind = "stop reason";
  static constexpr std::array<std::string_view, 10> list{"",
                                                         "cancelled",
                                                         "replaced",
                                                         "constraint-network",
                                                         "constraint-charging",
                                                         "constraint-battery-not-low",
                                                         "constraint-storage-not-low",
                                                         "constraint-idle",
                                                         "shutdown",
                                                         "daemon-lost"};
};

}  // namespace wm
