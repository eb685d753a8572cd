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

/// The files that a child begins with. All descriptors stay the caller's.
struct ChildFiles {
  int output = -1;
  int errors = -1;
  int record = -1;     // See ChildPlan::record_offset; -1: none.
  int cgroup = -1;     // The directory of the cgroup that it begins in, if there is one.
  bool bound = false;  // SIGKILL ends it when its parent, or the thread that starts it, is gone.
};

/// The plan of a child: what it runs, and how. No string contains the byte 0.
struct ChildPlan {
  std::vector<std::string> arguments;    // The first is the program's absolute path.
  std::vector<std::string> environment;  // NAME=VALUE
  std::string variables_file;            // More of them, read with its user's rights; empty: none.
  std::string directory;
  /// If it cannot be in its directory it says this on standard error and begins in /; empty: then
  /// it cannot run.
  std::string directory_note;
  std::string state_directory;  // Made for its user unless it is there; empty: none.
  std::string input;            // The content of its standard input.
  /// The place in the record for a copy of the child's /proc/self/stat, which is written before the
  /// program runs: whoever finds this file knows the process (pid and start time), even if the
  /// daemon is killed right afterwards.
  off_t record_offset = 0;
  mode_t umask = 022;
  std::optional<int> nice;
  IoClass io_class = IoClass::inherited;
  struct Bound {
    int resource = 0;  // RLIMIT_…
    rlim_t most = 0;
  };
  std::vector<Bound> bounds;
  bool reset_oom_score = false;  // The daemon's own score protects it more than a run deserves.
  bool switch_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

/// The memory that a child uses until it runs its program.
enum class ChildMemory : std::uint8_t {
  shared,  // Its parent's: no page table is copied, but the code knows few processors.
  copied,  // Its own, as after fork(), on every processor.
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

/// A child that begins in its own session and process group, with default signal dispositions
/// and only three descriptors.
///
/// Nobody waits until it runs the program, which may be on a disk that does not answer. Only one
/// thread may use this; a child that does not run its program yet ends with that thread.
class Child {
 public:
  /// Makes a child that waits for its plan, with only those files. An error: there is no child.
  static std::expected<std::unique_ptr<Child>, StartFailure> prepare(
      const ChildFiles& files, ChildMemory memory = kChildMemories.front());

  /// Lets a waiting child go on. With `reset_oom_score` it must not share memory: see start().
  void begin(const ChildPlan& plan);

  /// Makes a child that does not wait. With `reset_oom_score` it shares no memory, because the
  /// kernel gives one score to all processes that share it. An error: there is no child.
  static std::expected<std::unique_ptr<Child>, StartFailure> start(
      const ChildFiles& files, const ChildPlan& plan, ChildMemory memory = kChildMemories.front());

  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }

  /// Sends SIGTERM to it and to its process group, at whichever step it is.
  void terminate();

  /// True if it runs its program, or is gone.
  bool has_begun() const;

  /// Says why it could not run the program, once it has begun. Nothing: it did.
  std::optional<StartFailure> failure() const;

 private:
  explicit Child(ChildStartPtr start);
  std::expected<void, StartFailure> make();

  ChildStartPtr start_;
  pid_t pid_ = 0;
  UniqueFd sign_;  // Open with copied memory: it reaches its end once the child has begun.
};

}  // namespace wm
