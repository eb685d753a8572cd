// What a child that begins reads and tells, where its parent reads and tells it, too; and the two
// ways to make one.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <expected>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

#include "daemon/system/child.h"

namespace wm {

/// For the child, plain values and pointers alone: what has a constructor is the parent's.
struct ChildStart {
  static std::expected<ChildStartPtr, StartFailure> make(const ChildFiles& files,
                                                         ChildMemory memory);

  /// Puts the plan where the child reads it, and says that it is there.
  void set(const ChildPlan& plan);

  // What the child reads.
  const ChildMemory memory;
  int output = -1;
  int errors = -1;
  int record = -1;
  int cgroup = -1;
  int sign = -1;  // Of copied memory: closed once the child runs its program, or is gone.
  const int* signals = nullptr;  // Those whose disposition is not the default.
  std::size_t signals_count = 0;
  pid_t parent = 0;
  bool waits = false;
  bool joins = false;  // It has not begun in its cgroup.
  int planned = 0;     // A futex: what follows is there to read.
  int stopping = 0;    // It is to end by SIGTERM before it runs the program.

  // What the child reads of its plan.
  int plan_error = 0;  // errno, where the plan is more than can be told.
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  const char* directory = nullptr;
  const char* input = nullptr;
  std::size_t input_size = 0;
  off_t record_offset = 0;
  const ChildPlan::Bound* bounds = nullptr;
  std::size_t bounds_count = 0;
  int nice = 0;
  int io_priority = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  const gid_t* groups = nullptr;
  std::size_t groups_count = 0;
  bool has_nice = false;
  bool reset_oom_score = false;
  bool switch_user = false;

  std::string program;  // For the parent.

  // What the child writes, for itself.
  std::array<char, 512> stat;  // Its line of /proc/self/stat.
  long stat_size = 0;

  // What the child writes, for after its end.
  StartStage stage = StartStage::process;
  int error = 0;
  bool failed = false;

  /// Of shared memory: the kernel clears it once the child needs this no longer.
  std::atomic<int> busy = 1;
  alignas(16) std::array<std::byte, std::size_t{16} << 10> stack;  // Of shared memory.

 private:
  ChildStart(const ChildFiles& files, ChildMemory child_memory, std::span<std::byte> plan_room);
  static std::pmr::monotonic_buffer_resource make_room(std::span<std::byte> fixed);
  void copy(const ChildPlan& plan);

  template <class T>
  const T* copy(std::span<const T> list);
  char* const* copy(const std::vector<std::string>& strings);

  std::pmr::monotonic_buffer_resource room_;  // Where the plan's pointers lead.
};

/// Makes a child with the memory that its start says, which goes on by itself. The new process, or
/// a negative errno. No handler of a signal may run meanwhile.
pid_t make_sharing_child(ChildStart& start);
pid_t make_copied_child(ChildStart& start);

}  // namespace wm
