// Suggestions for a word that nobody knows.
#include "core/suggest.h"

#include <gtest/gtest.h>

#include "core/work.h"

namespace wm {
namespace {

using namespace std::string_view_literals;

constexpr std::array kWords{"command"sv,  "cadence"sv,        "initial-delay"sv, "env"sv,
                            "retry-on"sv, "retry-on-crash"sv, "description"sv};

TEST(Suggest, TheClosestWord) {
  EXPECT_EQ(closest("comand", kWords), "command");
  EXPECT_EQ(closest("commadn", kWords), "command");
  EXPECT_EQ(closest("Initial_Dely", kWords), "initial-delay");
  EXPECT_EQ(closest("retry-no", kWords), "retry-on");
  EXPECT_EQ(closest("ev", kWords), "env");
}

TEST(Suggest, WhatAloneBeginsSo) {
  EXPECT_EQ(closest("desc", kWords), "description");
  EXPECT_EQ(closest("retr", kWords), "") << "two do";
}

TEST(Suggest, NothingWhereNothingIsClose) {
  for (const char* word : {"", "x", "frobnicate", "notes"}) EXPECT_EQ(closest(word, kWords), "");
  EXPECT_EQ(closest(std::string(100'000, 'c'), kWords), "");
  EXPECT_EQ(did_you_mean("frobnicate", kWords), "");
}

TEST(Suggest, EveryWordOfAClosedSet) {
  EXPECT_EQ(parse_word<WorkState>("runing").error().message,
            "unknown state 'runing': did you mean running?");
  EXPECT_EQ(parse_word<WorkState>("gone").error().message,
            "unknown state 'gone': use one of enqueued, running, blocked, succeeded, failed, "
            "cancelled");
}

}  // namespace
}  // namespace wm
