// Starts one child process, and says at which stage that failed.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

#include "core/work.h"

namespace wm {

/// What a child is to be. All strings without byte 0; all descriptors stay the caller's.
struct ChildPlan {
  std::vector<std::string> arguments;    // The program's absolute path first.
  std::vector<std::string> environment;  // NAME=VALUE
  std::string directory;
  std::string input;  // What its standard input holds, before it ends.
  int output = -1;
  int errors = -1;
  /// -1: none. Gets a copy of the child's /proc/self/stat, at that offset, before the program runs:
  /// whoever finds this file knows the process (pid and start time), even if the daemon is killed
  /// the moment after.
  int record = -1;
  off_t record_offset = 0;
  int cgroup = -1;  // The directory of the cgroup that it begins in, where there is one.
  std::vector<int> cgroup_procs;  // Of other cgroups, for it to join.
  std::optional<int> nice;
  IoClass io_class = IoClass::inherited;
  struct Bound {
    int resource = 0;  // RLIMIT_…
    rlim_t most = 0;
  };
  std::vector<Bound> bounds;
  bool reset_oom_score = false;  // The daemon's own protects it more than a run deserves.
  bool switch_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

enum class StartStage : std::uint8_t {
  process,
  session,
  record,
  cgroup,
  files,
  bounds,
  user,
  directory,
  program,
};

struct StartFailure {
  StartStage stage = StartStage::process;
  int error = 0;     // errno
  std::string what;  // The program, the directory or the user that it is about.

  /// Whether the machine was out of something, so that another time it may work.
  bool out_of_resources() const;
  /// `cannot change to the directory '/x': No such file or directory`
  std::string describe() const;
};

/// A child that begins in a session and process group of its own, with default signal dispositions,
/// umask 022 and no descriptors but its three.
///
/// It shares memory with this process until it runs the program, so no page table is copied; and
/// nobody waits meanwhile, for a program may be on a disk that does not answer. Only for one
/// thread.
class Child {
 public:
  /// Starts it. An error: there is no child.
  static std::expected<std::unique_ptr<Child>, StartFailure> start(ChildPlan plan);

  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }

  /// Whether it runs its program, or is gone.
  bool has_begun() const;

  /// Once it has begun: why it did not come to run the program. Nothing: it did.
  std::optional<StartFailure> failure() const;

 private:
  struct Start;
  struct Steps;

  explicit Child(std::unique_ptr<Start> start);

  std::unique_ptr<Start> start_;
  pid_t pid_ = 0;
};

}  // namespace wm
