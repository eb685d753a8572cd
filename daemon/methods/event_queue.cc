#include "daemon/methods/event_queue.h"

#include "daemon/methods/pages.h"

namespace wm {
namespace {

constexpr std::size_t kMostWaiting = std::size_t{1} << 20;

}  // namespace

void EventQueue::add(const boost::json::object& event, std::size_t weight) {
  if (!waiting_.empty() && weight_ + weight > kMostWaiting) {
    ++waiting_.back().missed_after;
    return;
  }
  weight_ += weight;
  waiting_.push_back({event, weight});
}

Exchange::Page EventQueue::take() {
  boost::json::array events;
  std::int64_t missed = 0;
  for (std::size_t weight = 0; !waiting_.empty() && weight < kPageWeight && missed == 0;) {
    Waiting& first = waiting_.front();
    weight += first.weight;
    weight_ -= first.weight;
    missed = first.missed_after;
    events.push_back(std::move(first.event));
    waiting_.pop_front();
  }
  boost::json::object page{{"events", std::move(events)}};
  if (missed > 0) page["missed"] = missed;
  return {std::move(page), true};
}

}  // namespace wm
