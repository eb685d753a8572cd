// The scheduler's rows and the queues over them. All changes since the last accept() can be taken
// back.
#pragma once

#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/work.h"

namespace wm {

class WorkTable {
 public:
  /// Earliest due first, then oldest.
  using Queue = std::set<std::pair<TimePoint, WorkId>>;

  /// The row, or nullptr. Finished work is gone from here once its end is accepted.
  const Work* find(WorkId id) const;

  /// Inserts the row or puts it in the place of the one with its id.
  void put(const Work& work);

  /// Enqueued work by what it needs: one look at the conditions answers for a whole queue.
  const std::map<Constraints, Queue>& queues() const { return queues_; }
  const std::set<WorkId>& running() const { return running_; }
  std::size_t size() const { return rows_.size(); }

  /// The rows put since the last accept(), each once, oldest work first.
  std::vector<Work> changed() const;

  void accept();
  void roll_back();

 private:
  void index(const Work& work);
  void unindex(const Work& work);

  std::unordered_map<WorkId, Work> rows_;
  std::map<Constraints, Queue> queues_;
  std::set<WorkId> running_;
  std::map<WorkId, std::optional<Work>> before_;  // As it was at the last accept().
};

}  // namespace wm
