// One call that waits for works to end: what it still waits for, and what it has to be told.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "core/work.h"
#include "daemon/wire/server.h"

namespace wm {

/// One of the works. `run` is the first run whose end is the end of waiting, for periodic work.
struct Awaited {
  std::string unique_name;
  WorkId key = 0;
  std::int32_t run = 0;
};

class WaitCall {
 public:
  /// Asked when a page is made, of the store and of the runs; nothing: it is gone.
  struct Sources {
    std::function<std::optional<boost::json::object>(WorkId, TimePoint now)> work;
    std::function<std::optional<boost::json::object>(WorkId)> progress;
  };

  /// `state`: nothing is until they have ended. `any`: the first of them decides.
  WaitCall(const std::shared_ptr<Exchange>& exchange, std::optional<WorkState> state, bool any)
      : exchange_(exchange), state_(state), any_(any) {}

  /// None: it is gone.
  std::shared_ptr<Exchange> exchange() const { return exchange_.lock(); }
  std::optional<WorkState> state() const { return state_; }
  const std::map<WorkId, Awaited>& awaited() const { return awaited_; }

  void wait_for(const Awaited& work) { awaited_.emplace(work.key, work); }
  /// All that decides has been told, or is about to be.
  bool over() const { return awaited_.empty() || (any_ && ended_); }

  /// The work of that key has ended: `work` shows it then, in about `weight` bytes of JSON.
  void end(WorkId key, boost::json::object work, std::size_t weight, TimePoint now);
  /// Nothing of it is on record any more.
  void forget(const std::string& unique_name);
  void has_progressed(WorkId key) { progressed_.insert(key); }

  /// The pages of the answer. Nothing: not yet.
  std::optional<Exchange::Page> next_page(const Sources& sources);
  /// Should another program take the call over, it goes on with what is left of it.
  void keep_place();

 private:
  struct End {
    WorkId key = 0;
    std::string unique_name;
    std::optional<boost::json::object> work;  // Nothing: there was no room to keep it.
    std::size_t weight = 0;
    TimePoint time{};
  };

  boost::json::array awaited_json() const;
  boost::json::object page_of(End end, const Sources& sources) const;

  std::weak_ptr<Exchange> exchange_;
  std::optional<WorkState> state_;
  bool any_;
  std::map<WorkId, Awaited> awaited_;
  bool ended_ = false;  // One of them.
  bool begun_ = false;  // The first page was taken.
  bool moved_ = true;   // Since the last keep_place().
  std::deque<End> ends_;
  std::size_t weight_ = 0;
  std::set<WorkId> progressed_;
};

}  // namespace wm
