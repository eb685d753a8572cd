// The recent history of the conditions: how long each of them held a job back, and since when.
#pragma once

#include <deque>
#include <optional>
#include <set>

#include "core/gates.h"

namespace wm {

/// The conditions from one moment until the next entry.
struct LedgerEntry {
  TimePoint from{};
  Conditions conditions;
  std::set<std::string> paused;  // Groups; "" is everything.
  bool shutting_down = false;    // The daemon starts nothing, and ends soon.
  // A daemon ended during this entry, and nobody knows when: waits without another reason were for
  // a daemon.
  bool unattended = false;

  bool operator==(const LedgerEntry&) const = default;
};

/// A pause of a group, or with "" of everything, and the time for which it is on record.
struct PastPause {
  std::string group;
  TimePoint since{};
  std::optional<TimePoint> until;  // Nothing: it goes on.

  bool operator==(const PastPause&) const = default;
};

/// Changes before the last kLedgerEntries are forgotten: waits from then are reported as one wait
/// for the daemon.
constexpr int kLedgerEntries = 1000;

/// The name of a wait for constraints that hold, but not yet for long enough after a run lost them.
inline constexpr const char* kSettle = "settle";

class WaitLedger {
 public:
  /// Adds an entry of an earlier daemon, oldest first.
  void restore(LedgerEntry entry);

  /// The earlier daemon was killed, or the power failed, at some time after `last_seen`.
  void daemon_was_lost(TimePoint last_seen);

  /// Records the conditions from then on, unless they are unchanged.
  void note(LedgerEntry entry);

  /// After a step of the clock, nothing has happened in the future.
  void clock_was_set(TimePoint now);

  /// The entries noted since saved().
  std::vector<LedgerEntry> unsaved() const;
  void saved() { unsaved_ = 0; }

  /// Everything that held an enqueued job back from its due time until `now`: each constraint,
  /// pauses, and the remainder as a wait for a slot, or for a daemon. For a retry, also the length
  /// of its backoff. Its earlier waits are taken as they are. `usual`: the zone of jobs without one
  /// of their own. `kept_alive`: see Agenda::kept_alive_since(). `settle`: how long constraints
  /// that stopped a run must hold first.
  std::vector<Waited> waited(const Work& work, TimePoint now, const date::time_zone* usual,
                             std::optional<TimePoint> kept_alive = TimePoint{},
                             Duration settle = {}) const;

  /// The time since which the conditions do not meet `wanted`, which they do not meet now. Local
  /// time does not count.
  TimePoint unmet_since(const Constraints& wanted) const;

  /// The pauses in force at that time; nothing: the ledger begins later.
  std::optional<std::vector<PastPause>> pauses_at(TimePoint time) const;

 private:
  void add(LedgerEntry entry);
  void put_in_order();

  std::deque<LedgerEntry> entries_;
  std::size_t unsaved_ = 0;  // How many entries at the end are not saved yet.
};

}  // namespace wm
