// What the conditions were, lately: how long each of them held a work back, and since when.
#pragma once

#include <deque>
#include <set>

#include "core/gates.h"

namespace wm {

/// How things were from a moment on, until the next entry.
struct LedgerEntry {
  TimePoint from{};
  Conditions conditions;
  std::set<std::string> paused;  // Groups; "" is everything.
  bool shutting_down = false;    // The daemon starts nothing, and is gone soon.
  // A daemon ended in it and nobody knows when: what nothing else held back waited for a daemon.
  bool unattended = false;

  bool operator==(const LedgerEntry&) const = default;
};

/// What is older than so many changes is told as one wait for the daemon: nobody remembers it.
constexpr int kLedgerEntries = 1000;

class WaitLedger {
 public:
  /// An entry of a daemon before this one, oldest first.
  void restore(LedgerEntry entry);

  /// The daemon before this one was killed, or the power failed, at some time after `last_seen`.
  void daemon_was_lost(TimePoint last_seen);

  /// So it is from then on. Changes nothing if so it was.
  void note(LedgerEntry entry);

  /// Nothing has happened at a time that is yet to come.
  void clock_was_set(TimePoint now);

  /// What was noted since saved().
  std::vector<LedgerEntry> unsaved() const;
  void saved() { unsaved_ = 0; }

  /// What held enqueued work back from when it was due until `now`: each constraint, pauses, and
  /// what is left over as waiting for a slot, or for a daemon. A retry says how long its backoff
  /// was.
  std::vector<Waited> waited(const Work& work, TimePoint now) const;

  /// Since when `wanted` does not hold, which it does not now.
  TimePoint unmet_since(const Constraints& wanted) const;

 private:
  void add(LedgerEntry entry);
  void put_in_order();

  std::deque<LedgerEntry> entries_;
  std::size_t unsaved_ = 0;  // So many of the last.
};

}  // namespace wm
