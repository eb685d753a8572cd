// The events that a watcher has not taken yet, and where others are missing for want of room.
#pragma once

#include <deque>

#include <boost/json.hpp>

#include "daemon/wire/server.h"

namespace wm {

class EventQueue {
 public:
  /// `weight`: about how many bytes it has. One for which there is no room any more is missing
  /// behind those that wait.
  void add(const boost::json::object& event, std::size_t weight);

  bool empty() const { return waiting_.empty(); }

  /// The first of them, in a page that ends where others are missing.
  Exchange::Page take();

 private:
  struct Waiting {
    boost::json::object event;
    std::size_t weight = 0;
    std::int64_t missed_after = 0;
  };

  std::deque<Waiting> waiting_;
  std::size_t weight_ = 0;
};

}  // namespace wm
