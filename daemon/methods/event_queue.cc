#include "daemon/methods/event_queue.h"

#include "daemon/methods/pages.h"

namespace wm {
namespace {

constexpr std::size_t kMostWaiting = std::size_t{1} << 20;

}  // namespace

void EventQueue::add(const boost::json::object& event, std::size_t weight, About about) {
  if (!waiting_.empty() && weight_ + weight > kMostWaiting) {
    ++waiting_.back().missed_after;
    return;
  }
  weight_ += weight;
  waiting_.push_back({event, weight, about});
}

Exchange::Page EventQueue::take() {
  boost::json::array events;
  boost::json::array pauses;
  std::int64_t missed = 0;
  for (std::size_t weight = 0; !waiting_.empty() && weight < kPageWeight && missed == 0;) {
    Waiting& first = waiting_.front();
    weight += first.weight;
    weight_ -= first.weight;
    missed = first.missed_after;
    (first.about == About::pause ? pauses : events).push_back(std::move(first.event));
    waiting_.pop_front();
  }
  boost::json::object page{{"events", std::move(events)}};
  if (!pauses.empty()) page["pauses"] = std::move(pauses);
  if (missed > 0) page["missed"] = missed;
  return {std::move(page), true};
}

}  // namespace wm
