// The scheduler's rows. All changes since the last accept() can be taken back.
#pragma once

#include <map>
#include <unordered_map>

#include "core/agenda.h"

namespace wm {

class WorkTable {
 public:
  /// The row, or nullptr. Finished work is gone from here once its end is accepted.
  const Work* find(WorkId id) const;

  /// Inserts the row or puts it in the place of the one with its id.
  void put(const Work& work);

  /// What a run may take where its work says nothing, those that go on included.
  void set_time_limit(Duration limit);

  /// Somebody set the clock: runs go on for as long as they may all the same.
  void set_clock_offset(ClockOffset offset);

  Agenda& agenda() { return agenda_; }
  const Agenda& agenda() const { return agenda_; }
  const std::unordered_map<WorkId, Row>& rows() const { return rows_; }

  /// How many of the rows are that owner's.
  std::size_t count(uid_t owner) const;

  /// The rows put since the last accept(), each once, oldest work first.
  std::vector<Work> changed() const;

  /// Returns the ids of those that have finished, which are forgotten.
  std::vector<WorkId> accept();
  void roll_back();

 private:
  using Rows = std::unordered_map<WorkId, Row>;
  void erase(Rows::iterator row);
  void set_alarms_of_runs();

  Agenda agenda_;
  Rows rows_;
  std::unordered_map<uid_t, std::size_t> counts_;  // Of each owner that has any.
  std::map<WorkId, std::optional<Work>> before_;   // As it was at the last accept().
};

}  // namespace wm
