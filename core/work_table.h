// The scheduler's rows. All changes since the last accept() can be taken back.
#pragma once

#include <map>
#include <unordered_map>

#include "core/agenda.h"

namespace wm {

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

  /// The row as it was at the last accept(), or nullptr if it is as it was, or new.
  const Work* before(WorkId id) const;

  /// The number of that owner's rows.
  std::size_t count(uid_t owner) const;

  /// The rows put since the last accept(), each once, oldest work first.
  std::vector<Work> changed() const;

  /// Returns the ids of the finished jobs, which are forgotten.
  std::vector<WorkId> accept();
  void roll_back();

 private:
  using Rows = std::unordered_map<WorkId, Row>;
  void erase(Rows::iterator row);
  void place_anew(WorkId id);
  void set_alarms_of_runs();

  Agenda agenda_;
  Rows rows_;
  std::unordered_map<uid_t, std::size_t> counts_;  // The number of each owner's rows.
  std::map<WorkId, std::optional<Work>> before_;   // Their state at the last accept().
};

}  // namespace wm
