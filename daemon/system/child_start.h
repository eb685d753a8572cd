// The memory that a starting child and its parent use to communicate, and the two ways to make a
// child.
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
#include "daemon/system/variables_file.h"

namespace wm {

/// The child uses only plain values and pointers: everything with a constructor belongs to the
/// parent.
struct ChildStart {
  static std::expected<ChildStartPtr, StartFailure> make(const ChildFiles& files,
                                                         ChildMemory memory);

  /// Puts the plan where the child reads it, and tells it so.
  void set(const ChildPlan& plan);

  // Read by the child.
  const ChildMemory memory;
  int output = -1;
  int errors = -1;
  int record = -1;
  int cgroup = -1;
  int sign = -1;  // Open with copied memory until the child runs its program, or is gone.
  const int* signals = nullptr;  // The signals whose disposition is not the default.
  std::size_t signals_count = 0;
  pid_t parent = 0;
  bool bound = false;
  bool waits = false;
  bool joins = false;  // It has not begun in its cgroup.
  int planned = 0;     // A futex: the fields after it are ready to read.
  int stopping = 0;    // SIGTERM must end it before it runs the program.

  // The part of its plan that the child reads.
  int plan_error = 0;  // errno, if the plan is too large.
  char* const* arguments = nullptr;
  char** environment = nullptr;  // Has room for those of the file.
  const char* variables_file = nullptr;
  const char* directory = nullptr;
  const char* directory_note = nullptr;
  std::size_t directory_note_size = 0;
  const char* state_directory = nullptr;
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
  mode_t umask = 0;
  bool has_nice = false;
  bool reset_oom_score = false;
  bool switch_user = false;

  std::string program;  // The program's path, for the parent.

  // Written by the child for itself.
  std::array<char, 512> stat;  // Its line of /proc/self/stat.
  long stat_size = 0;
  VariablesReader variables;

  // Written by the child to be read after its end.
  std::array<char, 256> head;  // The beginning of a program that is there and cannot be run.
  long head_size = 0;
  int error = 0;
  StartStage stage = StartStage::process;
  bool failed = false;

  /// If the memory is shared, the kernel clears this once the child no longer needs it.
  std::atomic<int> busy = 1;
  alignas(16) std::array<std::byte, std::size_t{16} << 10> stack;  // The child's, in shared memory.

 private:
  ChildStart(const ChildFiles& files, ChildMemory child_memory, std::span<std::byte> plan_room);
  static std::pmr::monotonic_buffer_resource make_room(std::span<std::byte> fixed);
  void copy(const ChildPlan& plan);

  template <class T>
  const T* copy(std::span<const T> list);
  const char* copy(const std::string& text);
  /// With room for so many more.
  char** copy(const std::vector<std::string>& strings, std::size_t more = 0);

  std::pmr::monotonic_buffer_resource room_;  // Holds what the plan's pointers point to.
};

/// Makes a child with the kind of memory that its start names; the child goes on by itself. Returns
/// the new process, or a negative errno. No signal handler may run meanwhile.
pid_t make_sharing_child(ChildStart& start);
pid_t make_copied_child(ChildStart& start);

}  // namespace wm
