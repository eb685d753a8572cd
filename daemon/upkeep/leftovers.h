// A daemon that was killed leaves files in the state directory that no record names. They are
// removed after each start, while everything else goes on.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "daemon/store/store.h"
#include "daemon/system/helper_threads.h"

namespace wm {

/// The number of files and directories that were removed.
struct SweptLeftovers {
  int logs = 0;
  int outputs = 0;
  int state_directories = 0;
  std::string problem;  // The reason why one of them stays; empty: none does.
  bool over = false;    // Everything has been looked at.
};

class Leftovers {
 public:
  /// `state_directory` has the folders `logs` and `work`. Files in them whose names are not of this
  /// daemon's form stay.
  Leftovers(HelperThreads& helpers, Store& store, std::filesystem::path state_directory);

  /// Call it once, after the recovery, which has removed that many `outputs`. A helper thread lists
  /// and removes. The store is asked on the loop, some names at a time, and names that it does not
  /// know are renamed there and then: a later owner of the name makes new files.
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
  std::shared_ptr<Walk> walk_;  // The helper's alone while it is at work.
  std::vector<std::string> set_aside_;
  bool in_logs_ = true;  // It is in `logs`; otherwise in `work`.
  SweptLeftovers swept_;
};

}  // namespace wm
