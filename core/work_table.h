// The scheduler's rows. All changes since the last accept() can be taken back.
#pragma once

#include <deque>
#include <unordered_map>

#include "core/agenda.h"

namespace wm {

struct ChangedRows {
  std::vector<Work> all;
  std::vector<WorkId> only_cancelled;  // Those that waited, and are otherwise as they were.
};

class WorkTable {
 public:
  /// The row, or nullptr. A finished job is gone from here once its end is accepted.
  const Work* find(WorkId id) const;

  /// Inserts the row, or replaces the one with its id.
  void put(const Work& work);

  /// Sets the time limit of runs whose jobs name none, including runs in progress.
  void set_time_limit(Duration limit);

  /// Somebody set the clock: runs still go on for as long as they may, and a word counts as long.
  void set_clock_offset(ClockOffset offset);

  /// See Agenda::keep_alive().
  void keep_alive(WorkId id, Duration since_boot);

  Agenda& agenda() { return agenda_; }
  const Agenda& agenda() const { return agenda_; }
  const std::unordered_map<WorkId, Row>& rows() const { return rows_; }

  /// The number of that owner's rows.
  std::size_t count(uid_t owner) const;

  /// The rows put since the last accept(), each once, oldest work first.
  ChangedRows changed() const;

  /// Returns the ids of the finished jobs, which are forgotten.
  std::vector<WorkId> accept();
  void roll_back();

 private:
  struct Changed {
    Row* row;
    std::optional<Work> before;  // The row before the change; a new row has none.
  };

  /// The first change of each row, oldest work first.
  std::vector<const Changed*> first_changes() const;
  void erase(WorkId id);
  void place_anew(WorkId id);
  void set_alarms_of_runs();

  Agenda agenda_;
  std::unordered_map<WorkId, Row> rows_;
  std::unordered_map<uid_t, std::size_t> counts_;  // The number of each owner's rows.
  std::deque<Changed> changed_;                    // Since the last accept(), in their order.
};

}  // namespace wm
