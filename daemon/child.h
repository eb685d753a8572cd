// Starts one child process, and says at which stage that failed.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace wm {

/// What a child is to be. All strings without byte 0; all descriptors stay the caller's.
struct ChildPlan {
  std::vector<std::string> arguments;    // The program's absolute path first.
  std::vector<std::string> environment;  // NAME=VALUE
  std::string directory;
  int input = -1;
  int output = -1;
  int errors = -1;
  /// -1: none. Gets a copy of the child's /proc/self/stat before the program runs: whoever finds
  /// this file knows the process (pid and start time), even if the daemon is killed the moment
  /// after.
  int record = -1;
  bool at_idle_priority = false;  // Of CPU and I/O: only what nobody else wants.
  bool switch_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

enum class StartStage : std::uint8_t { process, session, record, files, user, directory, program };

struct StartFailure {
  StartStage stage = StartStage::process;
  int error = 0;  // errno

  /// Whether the machine was out of something, so that another time it may work.
  bool out_of_resources() const;
  /// `cannot change to the directory '/x': No such file or directory`
  std::string describe(const ChildPlan& plan) const;
};

/// A child in a session and process group of its own, with default signal dispositions, umask 022
/// and no descriptors but its three. It shares memory with this process until it runs the program,
/// so no page table is copied; returns once it does, or cannot.
std::expected<pid_t, StartFailure> start_child(const ChildPlan& plan);

}  // namespace wm
