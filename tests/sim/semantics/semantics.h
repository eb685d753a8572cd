// The rules of wm, one by one, each test named after its rule: the place to look up what wm does.
// Each file of this folder has the rules of one subject.
#pragma once

#include <vector>

#include <gtest/gtest.h>

#include "tests/support/backoff.h"
#include "tests/support/world.h"

namespace wm {

class Semantics : public testing::Test {
 protected:
  // When the runs of a work started, counted from the beginning of the test.
  std::vector<Duration> starts(WorkId id) {
    std::vector<Duration> list;
    for (const RunInfo& run : world_.store.history({}).runs) {
      if (run.work == id) list.insert(list.begin(), run.started_at - began_);
    }
    return list;
  }

  void every_run_ends(const ChildEnd& end) {
    world_.runner.life = [end](const Launch&) { return Life{.takes = 0s, .end = end}; };
  }
  void every_run_takes(Duration time) {
    world_.runner.life = [time](const Launch&) { return Life{.takes = time}; };
  }

  RunInfo last_run() { return world_.store.history({.limit = 1}).runs.front(); }
  WorkState state(WorkId id) { return world_.state(id); }

  World world_;
  const TimePoint began_ = world_.now;
};

using Starts = std::vector<Duration>;

}  // namespace wm
