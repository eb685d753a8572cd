// A daemon that was killed leaves files in the state directory that no record names. They are
// removed after each start, beside all that goes on.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "daemon/store/store.h"
#include "daemon/system/helper_threads.h"

namespace wm {

/// How many files and directories there were, and are gone.
struct SweptLeftovers {
  int logs = 0;
  int outputs = 0;
  int state_directories = 0;
  std::string problem;  // Why one of them stays; empty: none does.
  bool over = false;    // All has been looked at.
};

class Leftovers {
 public:
  /// `state_directory` has the folders `logs` and `work`. What is in them and is not named as this
  /// daemon names its files stays.
  Leftovers(HelperThreads& helpers, Store& store, std::filesystem::path state_directory);

  /// Once, after the recovery, which has removed so many `outputs`. A helper thread lists and
  /// removes. The store is asked on the loop, some names at a time, and what it does not know is
  /// renamed there and then: whoever is given that name later makes a file of their own.
  void sweep(int outputs);

  const SweptLeftovers& swept() const { return swept_; }

 private:
  class Walk;
  struct Step;

  void go_on();
  void take(const Step& step);
  bool is_recorded(const std::string& name);

  HelperThreads& helpers_;
  Store& store_;
  std::filesystem::path state_directory_;
  std::shared_ptr<Walk> walk_;  // The helper's own while it is at work.
  std::vector<std::string> set_aside_;
  bool in_logs_ = true;  // Then in `work`.
  SweptLeftovers swept_;
};

}  // namespace wm
