// One call that waits for jobs to end: the jobs that it waits for, and the results still to be
// sent.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "core/work.h"
#include "daemon/wire/server.h"

namespace wm {

/// One of the jobs. For a periodic job, `run` is the first run whose end ends the wait.
struct Awaited {
  std::string unique_name;
  WorkId key = 0;
  std::int32_t run = 0;
};

class WaitCall {
 public:
  /// The sources of a page: the store and the runs. Each returns nothing if the job is gone.
  struct Sources {
    std::function<std::optional<boost::json::object>(WorkId, TimePoint now)> work;
    std::function<std::optional<boost::json::object>(WorkId)> progress;
  };

  /// Without a `state`, it waits until they have ended. `any`: the first of them decides.
  WaitCall(const std::shared_ptr<Exchange>& exchange, std::optional<WorkState> state, bool any)
      : exchange_(exchange), state_(state), any_(any) {}

  /// nullptr: it is gone.
  std::shared_ptr<Exchange> exchange() const { return exchange_.lock(); }
  std::optional<WorkState> state() const { return state_; }
  const std::map<WorkId, Awaited>& awaited() const { return awaited_; }

  void wait_for(const Awaited& work) { awaited_.emplace(work.key, work); }
  /// True if everything that decides has been reported, or is about to be.
  bool over() const { return awaited_.empty() || (any_ && ended_); }

  /// The job with that key has ended: `work` shows its end, in about `weight` bytes of JSON.
  void end(WorkId key, boost::json::object work, std::size_t weight, TimePoint now);
  /// Nothing about it is on record any more.
  void forget(const std::string& unique_name);
  void has_progressed(WorkId key) { progressed_.insert(key); }

  /// The pages of the answer; nothing: not yet.
  std::optional<Exchange::Page> next_page(const Sources& sources);
  /// Records what is left, so that another program could go on with the call.
  void keep_place();

 private:
  struct End {
    WorkId key = 0;
    std::string unique_name;
    std::optional<boost::json::object> work;  // Nothing if there was no room to keep it.
    std::size_t weight = 0;
    TimePoint time{};
  };

  boost::json::array awaited_json() const;
  boost::json::object page_of(End end, const Sources& sources) const;

  std::weak_ptr<Exchange> exchange_;
  std::optional<WorkState> state_;
  bool any_;
  std::map<WorkId, Awaited> awaited_;
  bool ended_ = false;  // At least one of them has ended.
  bool begun_ = false;  // True if the first page was taken.
  bool moved_ = true;   // The place has moved since the last keep_place().
  std::deque<End> ends_;
  std::size_t weight_ = 0;
  std::set<WorkId> progressed_;
};

}  // namespace wm
