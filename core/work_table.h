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

  Agenda& agenda() { return agenda_; }
  const Agenda& agenda() const { return agenda_; }
  const std::unordered_map<WorkId, Row>& rows() const { return rows_; }

  /// The rows put since the last accept(), each once, oldest work first.
  std::vector<Work> changed() const;

  /// Returns the ids of those that have finished, which are forgotten.
  std::vector<WorkId> accept();
  void roll_back();

 private:
  Agenda agenda_;
  std::unordered_map<WorkId, Row> rows_;
  std::map<WorkId, std::optional<Work>> before_;  // As it was at the last accept().
};

}  // namespace wm
