// Which work comes after which. What depends on a prerequisite waits until it has succeeded, and
// fails or is cancelled with it.
#pragma once

#include <functional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/container/flat_set.hpp>

#include "core/work_table.h"

namespace wm {

class Chains {
 public:
  /// From the store, at start-up.
  void restore(WorkId prerequisite, WorkId dependent);

  /// New work is blocked until all of those have succeeded that are unfinished now. Where this turn
  /// has ended one of them otherwise, the work ends the same way.
  void block(Work& work, std::span<const WorkId> prerequisites, const WorkTable& table);

  /// All that depends on work that has ended is a step nearer to its own time, or ends the same
  /// way, and so does all that depends on that. `due_of`: when work that becomes enqueued is due.
  void pass_on(WorkId ended, TimePoint now, WorkTable& table,
               const std::function<TimePoint(const Work&)>& due_of) const;

  bool depends_on(WorkId dependent, WorkId prerequisite) const;

  /// The end of a turn, as WorkTable has it; `finished` are forgotten.
  void accept(std::span<const WorkId> finished);
  void roll_back();

 private:
  using Dependents = boost::container::flat_set<WorkId>;  // Mostly added in the order of their ids.

  std::unordered_map<WorkId, Dependents> dependents_;  // Of unfinished prerequisites.
  std::vector<std::pair<WorkId, WorkId>> new_edges_;   // Added since accept().
};

}  // namespace wm
