// Keeps the changes of conditions: a row each, in the commit of a turn that has something to save
// anyway, or in one of its own after kMostUnsaved.
//
// Rows are bounded however a sensor flaps: at most one a second for a condition, and at most
// kMostInAnHour in an hour. After those it is on record as unsteady until the hour is over.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "config/settings.h"
#include "core/condition_history.h"
#include "daemon/store/store.h"

namespace wm {

class ConditionLog {
 public:
  /// The longest time for which a change may be in memory only.
  static constexpr Duration kMostUnsaved = 1min;
  static constexpr Duration kLeastApart = 1s;
  static constexpr int kMostInAnHour = 60;

  ConditionLog(Store& store, const Settings& settings) : store_(store), settings_(settings) {}

  /// A daemon begins. The last one has told the store that it ended, or was lost at some time after
  /// its last sign, which is at `last_seen` or later on record.
  void begin(TimePoint last_seen, TimePoint now);
  /// Another program goes on in this process, with the values that the last one kept.
  void go_on(TimePoint now);
  /// The daemon starts nothing from now on: nothing more is kept, and everything is saved.
  void end(TimePoint now);

  /// The machine was asleep for that time, and every condition must be looked at again.
  void slept(TimePoint from, TimePoint to);

  /// The known values are these from now on.
  void note(const ConditionReadings& readings, TimePoint now);
  /// While `hurries` is true, each turn saves everything.
  void hurry(bool hurries) { hurries_ = hurries; }

  // Called in a turn, inside its transaction.

  /// `joins`: the turn saves something else.
  void save(bool joins, TimePoint now);
  /// True if that has saved rows.
  bool has_saved() const { return saved_ > 0; }
  /// The turn is on disk.
  void committed();

  /// The changes that are not on disk yet, oldest first.
  std::vector<ConditionChange> unsaved() const;
  /// The time at which it has something to do if nothing happens before; nothing: never.
  std::optional<TimePoint> next_wakeup() const;

 private:
  struct Condition {
    std::optional<ConditionReading> now;   // Nothing: nobody knows.
    TimePoint since{};                     // The time at which it became that.
    std::optional<ConditionReading> kept;  // The same in the last row.
    bool unsteady = false;                 // The last row says so.
    TimePoint kept_at{};
    TimePoint hour{};  // The beginning of the hour in which `rows` came.
    int rows = 0;

    bool is_open() const;
  };

  bool keeps() const { return settings_.history.conditions > Duration::zero(); }
  void see(const ConditionId& id, const ConditionReading* reading, TimePoint now);
  void begin_or_cease(TimePoint now);
  void keep_all_again(TimePoint now);
  void keep_what_may(TimePoint now);
  bool keep(const ConditionId& id, Condition& condition, TimePoint now);
  static ConditionChange row_of(const ConditionId& id, const Condition& condition);
  TimePoint may_be_kept_at(const Condition& condition) const;
  void add(ConditionChange change, TimePoint now);

  Store& store_;
  const Settings& settings_;
  std::map<ConditionId, Condition> conditions_;
  std::set<ConditionId> open_;  // Those that are not what the last row says.
  std::vector<ConditionChange> unsaved_;
  TimePoint unsaved_since_{};
  std::size_t saved_ = 0;  // How many of them the present turn has saved.
  bool begun_ = false;     // A row says that a daemon keeps changes.
  bool hurries_ = false;
  bool ended_ = false;
};

}  // namespace wm
