// What people are told of a work, as it happens: `wm watch`, notifications, the notify command.
#pragma once

#include <span>

#include "core/scheduler.h"

namespace wm {

/// As WorkManager's debug handlers name them.
enum class WorkStatus : std::uint8_t {
  scheduled,    // Registered, or enqueued once more.
  started,      // A first attempt.
  retrying,     // A later one.
  rescheduled,  // A run asked for another, or wm interrupted it: once more.
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
  Work work;                    // As the turn left it.
  std::optional<EndedRun> run;  // Whose end it is.

  bool operator==(const StatusChange&) const = default;
};

/// Names the end of a run for people; the work is in the state that the run has left it in.
WorkStatus status_after(const EndedRun& run, const Work& work);

/// What a turn has made of its works: ends first, then what is new, then starts.
std::vector<StatusChange> status_changes(const Decisions& decisions,
                                         std::span<const EndedRun> ended);

/// Whether somebody who asked for those notices wants to hear of it (--notify).
bool is_wanted(const StatusChange& change, std::span<const Notice> notices);

/// Beside the status, in a few words: `exit 75, again in 30s`.
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
