// The events that a slow watcher gets, and their order.
#include "daemon/methods/event_queue.h"

#include <gtest/gtest.h>

namespace wm {
namespace {

// `a b [3] c`: the events, and how many are missing in between.
std::string all_of(EventQueue& queue) {
  std::string text;
  while (!queue.empty()) {
    const Exchange::Page page = queue.take();
    for (const auto& event : page.parameters.at("events").as_array()) {
      text += std::string(event.at("event").as_string()) + ' ';
    }
    if (const auto* missed = page.parameters.if_contains("missed")) {
      text += '[' + std::to_string(missed->as_int64()) + "] ";
    }
  }
  return text;
}

TEST(EventQueueTest, WhatIsMissingIsToldInItsPlace) {
  constexpr std::size_t kLarge = std::size_t{400} << 10;
  EventQueue queue;
  for (const char* name : {"a", "b", "lost", "lost"}) queue.add({{"event", name}}, kLarge);
  Exchange::Page first = queue.take();
  EXPECT_EQ(first.parameters.at("events").as_array().size(), 2U);
  EXPECT_EQ(first.parameters.at("missed"), 2);

  for (const char* name : {"a", "b", "lost"}) queue.add({{"event", name}}, kLarge);
  queue.add({{"event", "c"}}, 1);
  queue.add({{"event", "lost"}}, kLarge);
  EXPECT_EQ(all_of(queue), "a b [1] c [1] ");
}

TEST(EventQueueTest, EventsAfterAGapAreNotShownBeforeIt) {
  constexpr std::size_t kPage = std::size_t{512} << 10;
  EventQueue queue;
  for (const char* name : {"a", "b", "lost"}) queue.add({{"event", name}}, kPage);
  EXPECT_FALSE(queue.take().parameters.contains("missed")) << "the gap is not reached yet";
  queue.add({{"event", "c"}}, kPage);
  EXPECT_EQ(all_of(queue), "b [1] c ");
}

}  // namespace
}  // namespace wm
