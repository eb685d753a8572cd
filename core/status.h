// The events that people see about a job: `wm watch`, notifications, the notify command.
#pragma once

#include <span>

#include "core/scheduler.h"

namespace wm {

/// The names of WorkManager's debug handlers.
enum class WorkStatus : std::uint8_t {
  scheduled,    // Registered, or enqueued again.
  started,      // A first attempt.
  retrying,     // A later one.
  rescheduled,  // A run asked for another, or wm interrupted it: it runs again.
  completed,
  failed,
  cancelled,
};

/// A run that is over.
struct EndedRun {
  WorkId work = 0;
  int run = 0;
  int attempt = 0;
  Duration length{};
  RunResult result;

  bool operator==(const EndedRun&) const = default;
};

struct StatusChange {
  WorkStatus status = WorkStatus::scheduled;
  Work work;                    // Its state after the turn.
  std::optional<EndedRun> run;  // The run that ended.

  bool operator==(const StatusChange&) const = default;
};

/// Names the end of a run for people; `work` is in the state after the run.
WorkStatus status_after(const EndedRun& run, const Work& work);

/// The events of a turn: ends first, then new jobs, then starts.
std::vector<StatusChange> status_changes(const Decisions& decisions,
                                         std::span<const EndedRun> ended);

/// True if a user who asked for `notices` wants to see this event (--notify).
bool is_wanted(const StatusChange& change, std::span<const Notice> notices);

/// Describes the event besides its status, in a few words: `exit 75, again in 30s`.
std::string describe(const StatusChange& change, TimePoint now);

/// `40 % {"step":"upload"}`
std::string describe(const RunProgress& progress);

template <>
struct Words<WorkStatus> {
  static constexpr std::string_view noun = "status";
  static constexpr std::array<std::string_view, 7> list{
      "scheduled", "started", "retrying", "rescheduled", "completed", "failed", "cancelled"};
};

}  // namespace wm
