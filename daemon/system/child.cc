#include "daemon/system/child.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/text.h"
#include "daemon/system/child_start.h"

namespace wm {
namespace {

// `: its interpreter '/no/such' is missing`, if a script could not be run for that.
std::string missing_interpreter(const ChildStart& start) {
  std::string_view head(start.head.data(), static_cast<std::size_t>(start.head_size));
  if (!head.starts_with("#!")) return "";
  head.remove_prefix(std::min(head.find_first_not_of(" \t", 2), head.size()));
  const std::string_view interpreter = head.substr(0, head.find_first_of(" \t\r\n"));
  return ": its interpreter '" + printable(interpreter) + "' is missing";
}

std::string describe(const VariablesReader& variables) {
  const std::string at = ", line " + std::to_string(variables.line) + ": ";
  switch (variables.problem) {
    case VariablesProblem::none:
      return "";
    case VariablesProblem::not_a_file:
      return ": it is not a plain file";
    case VariablesProblem::too_large:
      return ": it has more than " + std::to_string(kMostInVariablesFile >> 10) + " KiB";
    case VariablesProblem::nul:
      return at + "it holds a NUL byte";
    case VariablesProblem::no_assignment:
      return at + "it is not NAME=VALUE";
    case VariablesProblem::name_of_wm:
      return at + "names that begin with WM_ belong to wm";
    case VariablesProblem::open_quote:
      return at + "its quote has no end";
    case VariablesProblem::after_quote:
      return at + "nothing may come after its closing quote";
  }
  return "";
}

}  // namespace

Child::Child(ChildStartPtr start) : start_(std::move(start)) {}

// A child that has not begun yet goes on reading its plan; a child of copied memory has its own
// copy.
Child::~Child() {
  static std::vector<ChildStartPtr> still_read;
  std::erase_if(still_read, [](const ChildStartPtr& start) { return start->busy == 0; });
  if (start_->memory == ChildMemory::shared && !has_begun())
    still_read.push_back(std::move(start_));
}

std::expected<void, StartFailure> Child::make() {
  const auto failed = [&](int error) {
    start_->busy = 0;
    return std::unexpected(StartFailure{StartStage::process, error, "", ""});
  };
  const bool copied = start_->memory == ChildMemory::copied;
  UniqueFd its_sign;
  if (copied) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return failed(errno);
    sign_.reset(pipe[0]);
    its_sign.reset(pipe[1]);
    start_->sign = its_sign.get();
  }
  // No handler of ours may run in the child, where it would change our memory.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_ = copied ? make_copied_child(*start_) : make_sharing_child(*start_);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid_ < 0) return failed(-pid_);
  return {};
}

std::expected<std::unique_ptr<Child>, StartFailure> Child::prepare(const ChildFiles& files,
                                                                   ChildMemory memory) {
  auto start = ChildStart::make(files, memory);
  if (!start) return std::unexpected(start.error());
  std::unique_ptr<Child> child(new Child(std::move(*start)));
  child->start_->waits = true;
  if (const auto made = child->make(); !made) return std::unexpected(made.error());
  return child;
}

void Child::begin(const ChildPlan& plan) {
  start_->set(plan);
  ::syscall(SYS_futex, &start_->planned, FUTEX_WAKE, 1);
}

std::expected<std::unique_ptr<Child>, StartFailure> Child::start(const ChildFiles& files,
                                                                 const ChildPlan& plan,
                                                                 ChildMemory memory) {
  auto start = ChildStart::make(files, plan.reset_oom_score ? ChildMemory::copied : memory);
  if (!start) return std::unexpected(start.error());
  std::unique_ptr<Child> child(new Child(std::move(*start)));
  child->start_->set(plan);
  if (const auto made = child->make(); !made) return std::unexpected(made.error());
  return child;
}

// Tell it in memory first: a child that has waited drops the signals of that time.
void Child::terminate() {
  __atomic_store_n(&start_->stopping, 1, __ATOMIC_RELEASE);
  // A child that has just begun does not lead a group yet.
  if (::kill(-pid_, SIGTERM) != 0) ::kill(pid_, SIGTERM);
}

bool Child::has_begun() const {
  if (start_->memory == ChildMemory::shared) {
    return start_->busy.load(std::memory_order_acquire) == 0;
  }
  pollfd at_end{sign_.get(), POLLIN, 0};
  return ::poll(&at_end, 1, 0) > 0;
}

std::optional<StartFailure> Child::failure() const {
  if (!start_->failed) return std::nullopt;
  StartFailure failure{start_->stage, start_->error, "", ""};
  if (failure.stage == StartStage::program) {
    failure.what = start_->program;
    failure.detail = missing_interpreter(*start_);
  }
  if (failure.stage == StartStage::variables) {
    failure.what = start_->variables_file;
    failure.detail = describe(start_->variables);
  }
  if (failure.stage == StartStage::directory) failure.what = start_->directory;
  if (failure.stage == StartStage::state) failure.what = start_->state_directory;
  if (failure.stage == StartStage::user) failure.what = std::to_string(start_->uid);
  return failure;
}

}  // namespace wm
