#include "daemon/system/child_start.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

namespace wm {
namespace {

// Room for the plan of a child of copied memory. Linux runs no program with more than 6 MiB of
// arguments and environment (fs/exec.c: three quarters of _STK_LIM), and an input is among them.
constexpr std::size_t kPlanRoom = std::size_t{8} << 20;

// The signals that this process does not leave at their default: it ignored or handled them before
// its first child.
const std::vector<int>& changed_signals() {
  static const std::vector<int> kChanged = [] {
    std::vector<int> signals;
    for (int signal = 1; signal < NSIG; ++signal) {
      struct sigaction action{};
      if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) {
        signals.push_back(signal);
      }
    }
    return signals;
  }();
  return kChanged;
}

}  // namespace

ChildStart::ChildStart(const ChildFiles& files, ChildMemory child_memory,
                       std::span<std::byte> plan_room)
    : memory(child_memory),
      output(files.output),
      errors(files.errors),
      record(files.record),
      cgroup(files.cgroup),
      signals(changed_signals().data()),
      signals_count(changed_signals().size()),
      parent(::getpid()),
      bound(files.bound),
      room_(make_room(plan_room)) {}

std::pmr::monotonic_buffer_resource ChildStart::make_room(std::span<std::byte> fixed) {
  constexpr std::size_t kUsualPlan = 4096;
  if (fixed.empty()) return std::pmr::monotonic_buffer_resource(kUsualPlan);
  return {fixed.data(), fixed.size(), std::pmr::null_memory_resource()};
}

std::expected<ChildStartPtr, StartFailure> ChildStart::make(const ChildFiles& files,
                                                            ChildMemory memory) {
  if (memory == ChildMemory::shared) {
    return ChildStartPtr(new ChildStart(files, memory, {}),
                         [](ChildStart* start) { delete start; });
  }
  constexpr std::size_t kSize = sizeof(ChildStart) + kPlanRoom;
  void* const place = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) return std::unexpected(StartFailure{StartStage::process, errno, "", ""});
  const std::span plan_room(static_cast<std::byte*>(place) + sizeof(ChildStart), kPlanRoom);
  return ChildStartPtr(new (place) ChildStart(files, memory, plan_room), [](ChildStart* start) {
    start->~ChildStart();
    ::munmap(start, kSize);
  });
}

template <class T>
const T* ChildStart::copy(std::span<const T> list) {
  auto* const place = static_cast<T*>(room_.allocate(list.size_bytes(), alignof(T)));
  std::ranges::copy(list, place);
  return place;
}

const char* ChildStart::copy(const std::string& text) {
  return copy(std::span(text.c_str(), text.size() + 1));
}

char** ChildStart::copy(const std::vector<std::string>& strings, std::size_t more) {
  const std::size_t size = (strings.size() + more + 1) * sizeof(char*);
  auto* const list = static_cast<char**>(room_.allocate(size, alignof(char*)));
  std::ranges::transform(strings, list,
                         [this](const std::string& text) { return const_cast<char*>(copy(text)); });
  list[strings.size()] = nullptr;
  return list;
}

void ChildStart::copy(const ChildPlan& plan) {
  arguments = copy(plan.arguments);
  const bool reads = !plan.variables_file.empty();
  environment = copy(plan.environment, reads ? kMostVariables : 0);
  variables_file = copy(plan.variables_file);
  if (reads) {
    variables.at = static_cast<char*>(room_.allocate(kMostInVariablesFile + 1, 1));
    variables.end = variables.at;
  }
  directory = copy(plan.directory);
  directory_note = copy(plan.directory_note);
  directory_note_size = plan.directory_note.size();
  state_directory = copy(plan.state_directory);
  input = copy(std::span<const char>(plan.input));
  input_size = plan.input.size();
  bounds = copy(std::span(plan.bounds));
  bounds_count = plan.bounds.size();
  groups = copy(std::span(plan.groups));
  groups_count = plan.groups.size();
}

void ChildStart::set(const ChildPlan& plan) {
  // linux/ioprio.h has these: a class, and the middle level of best effort.
  constexpr int kBestEffort = 2 << 13 | 4;
  constexpr int kIdle = 3 << 13;
  program = plan.arguments.front();
  try {
    copy(plan);
  } catch (const std::bad_alloc&) {
    plan_error = memory == ChildMemory::copied ? E2BIG : ENOMEM;
  }
  record_offset = plan.record_offset;
  umask = plan.umask;
  has_nice = plan.nice.has_value();
  nice = plan.nice.value_or(0);
  if (plan.io_class == IoClass::best_effort) io_priority = kBestEffort;
  if (plan.io_class == IoClass::idle) io_priority = kIdle;
  reset_oom_score = plan.reset_oom_score;
  switch_user = plan.switch_user;
  uid = plan.uid;
  gid = plan.gid;
  __atomic_store_n(&planned, 1, __ATOMIC_RELEASE);
}

}  // namespace wm
