// Starts one child process.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

#include "core/work.h"
#include "daemon/system/start_failure.h"
#include "daemon/system/unique_fd.h"

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

/// Tells which memory a child uses until it runs its program.
enum class ChildMemory : std::uint8_t {
  shared,  // Its parent's: no page table is copied, but the code knows few processors.
  copied,  // Its own, as after fork(): on every processor.
};

#if !defined(WM_PORTABLE_START) && defined(__LP64__) && \
    (defined(__x86_64__) || defined(__aarch64__))
#define WM_SHARES_MEMORY
inline constexpr std::array kChildMemories{ChildMemory::shared, ChildMemory::copied};
#else
inline constexpr std::array kChildMemories{ChildMemory::copied};
#endif

struct ChildStart;
using ChildStartPtr = std::unique_ptr<ChildStart, void (*)(ChildStart*)>;

/// A child that begins in a session and process group of its own, with default signal dispositions,
/// umask 022 and no descriptors but its three.
///
/// Nobody waits until it runs the program, which may be on a disk that does not answer. Only for
/// one thread, with whose end a child that does not run its program yet ends too.
class Child {
 public:
  /// One that waits for its plan, with those files alone. An error: there is no child.
  static std::expected<std::unique_ptr<Child>, StartFailure> prepare(
      const ChildFiles& files, ChildMemory memory = kChildMemories.front());

  /// Lets a child that waits go on. With `reset_oom_score` not one of shared memory: see start().
  void begin(const ChildPlan& plan);

  /// One that does not wait. With `reset_oom_score` it shares no memory, for the kernel gives all
  /// processes that do the same score. An error: there is no child.
  static std::expected<std::unique_ptr<Child>, StartFailure> start(
      const ChildFiles& files, const ChildPlan& plan, ChildMemory memory = kChildMemories.front());

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
  explicit Child(ChildStartPtr start);
  std::expected<void, StartFailure> make();

  ChildStartPtr start_;
  pid_t pid_ = 0;
  UniqueFd sign_;  // Of copied memory: at its end once the child has begun.
};

}  // namespace wm
