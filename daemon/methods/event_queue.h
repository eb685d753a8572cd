// The events that a watcher has not taken yet, and the places where others were dropped for lack of
// room.
#pragma once

#include <deque>

#include <boost/json.hpp>

#include "daemon/wire/server.h"

namespace wm {

class EventQueue {
 public:
  /// The subject of an event.
  enum class About : std::uint8_t { job, pause };

  /// `weight` is its size in bytes, roughly. An event without room is counted as missing after
  /// those that wait.
  void add(const boost::json::object& event, std::size_t weight, About about = About::job);

  bool empty() const { return waiting_.empty(); }

  /// Takes the first events as a page, which ends at the next gap.
  Exchange::Page take();

 private:
  struct Waiting {
    boost::json::object event;
    std::size_t weight = 0;
    About about = About::job;
    std::int64_t missed_after = 0;
  };

  std::deque<Waiting> waiting_;
  std::size_t weight_ = 0;
};

}  // namespace wm
