// The order of chained jobs. A dependant waits until its prerequisite has succeeded, and fails or
// is cancelled with it.
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
  /// Takes a link from the store, at start-up.
  void restore(WorkId prerequisite, WorkId dependent);

  /// Blocks a new job until all `prerequisites` that are unfinished now have succeeded. If this
  /// turn has ended one of them otherwise, the job ends the same way.
  void block(Work& work, std::span<const WorkId> prerequisites, const WorkTable& table);

  /// Brings each dependant of a job that has ended a step nearer to its own time, or ends it the
  /// same way, and so on down the chain. `due_of` returns when a job that becomes enqueued is due.
  void pass_on(WorkId ended, TimePoint now, WorkTable& table,
               const std::function<TimePoint(const Work&)>& due_of) const;

  bool depends_on(WorkId dependent, WorkId prerequisite) const;
  /// The unfinished jobs that come right after that one.
  std::vector<WorkId> dependents_of(WorkId prerequisite) const;

  /// The end of a turn, as in WorkTable; `finished` are forgotten.
  void accept(std::span<const WorkId> finished);
  void roll_back();

 private:
  // Usually added in the order of their ids.
  using Dependents = boost::container::flat_set<WorkId>;

  std::unordered_map<WorkId, Dependents> dependents_;  // Dependants of unfinished prerequisites.
  std::vector<std::pair<WorkId, WorkId>> new_edges_;   // Added since accept().
};

}  // namespace wm
