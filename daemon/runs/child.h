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

/// What a child begins with. All descriptors stay the caller's.
struct ChildFiles {
  int output = -1;
  int errors = -1;
  int record = -1;  // See ChildPlan::record_offset; -1: none.
  int cgroup = -1;  // The directory of the cgroup that it begins in, where there is one.
};

/// What a child is to be. All strings without byte 0.
struct ChildPlan {
  std::vector<std::string> arguments;    // The program's absolute path first.
  std::vector<std::string> environment;  // NAME=VALUE
  std::string directory;
  std::string input;  // What its standard input holds, before it ends.
  /// Where in the record a copy of the child's /proc/self/stat goes, before the program runs:
  /// whoever finds this file knows the process (pid and start time), even if the daemon is killed
  /// the moment after.
  off_t record_offset = 0;
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
/// thread, with whose end a child that does not run its program yet ends too.
class Child {
 public:
  /// One that waits for its plan, with those files alone. An error: there is no child.
  static std::expected<std::unique_ptr<Child>, StartFailure> prepare(const ChildFiles& files);

  /// Lets a child that waits go on. Not with `reset_oom_score`: see start().
  void begin(ChildPlan plan);

  /// One that does not wait. With `reset_oom_score` it shares no memory, for the kernel gives all
  /// processes that do the same score. An error: there is no child.
  static std::expected<std::unique_ptr<Child>, StartFailure> start(const ChildFiles& files,
                                                                   ChildPlan plan);

  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }

  /// Sends SIGTERM to it and to its process group, whatever it is about.
  void terminate();

  /// Whether it runs its program, or is gone.
  bool has_begun() const;

  /// Once it has begun: why it did not come to run the program. Nothing: it did.
  std::optional<StartFailure> failure() const;

 private:
  struct Start;
  struct Steps;

  using StartPtr = std::unique_ptr<Start, void (*)(Start*)>;

  explicit Child(StartPtr start);
  std::expected<void, StartFailure> clone();

  StartPtr start_;
  pid_t pid_ = 0;
};

}  // namespace wm
