#include "daemon/system/helper_commands.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/wait.h>

#include "daemon/system/memory_file.h"

namespace wm {
namespace {

constexpr off_t kErrorBytes = 4096;

std::string first_line(int file) {
  std::array<char, 160> text{};
  const ssize_t length = ::pread(file, text.data(), text.size(), 0);
  const auto end = std::find_if(text.begin(), text.begin() + std::max<ssize_t>(length, 0),
                                [](char c) { return c == '\0' || c == '\n'; });
  return {text.begin(), end};
}

// The variables by which a program finds its user's files, bus and screen, and no others.
std::vector<std::string> environment(const SessionVariables* session) {
  Variables variables = session ? session->variables() : Variables();
  for (const char* name :
       {"PATH", "HOME", "LANG", "USER", "LOGNAME", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
        "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY"}) {
    if (const char* value = std::getenv(name)) variables.emplace(name, value);
  }
  variables.emplace("PATH", "/usr/local/bin:/usr/bin:/bin");
  variables.emplace("HOME", "/");
  variables.emplace("LANG", "C.UTF-8");
  std::vector<std::string> list;
  for (const auto& [name, value] : variables) list.push_back(name + '=' + value);
  return list;
}

std::string describe(int status, const std::string& said) {
  std::string text = WIFSIGNALED(status) ? fmt::format("ended by signal {}", WTERMSIG(status))
                                         : fmt::format("exit {}", WEXITSTATUS(status));
  if (!said.empty()) text += ": " + said;
  return text;
}

}  // namespace

HelperCommands::Run::Run(HelperCommands& commands, Duration time_limit, OnEnd on_end)
    : commands_(commands),
      time_limit_(time_limit),
      on_end_(std::move(on_end)),
      timer_(commands.loop_) {}

HelperCommands::Run::~Run() {
  if (!child_) return;
  kill();
  commands_.children_[child_->pid()] = nullptr;
}

void HelperCommands::Run::kill() const {
  ::kill(child_->pid(), SIGKILL);
  ::kill(-child_->pid(), SIGKILL);  // It leads its own session, or is about to.
}

void HelperCommands::Run::after(Duration time, void (Run::*then)()) {
  timer_.expires_after(time);
  timer_.async_wait([waiting = weak_from_this(), then](const boost::system::error_code& cancelled) {
    const auto run = waiting.lock();
    if (!cancelled && run) ((*run).*then)();
  });
}

void HelperCommands::Run::give_up() {
  timed_out_ = true;
  if (child_) kill();
}

// Its owner may end it now.
void HelperCommands::Run::tell(const HelperEnd& end) {
  const auto self = shared_from_this();
  on_end_(end);
}

std::shared_ptr<HelperCommands::Run> HelperCommands::start(HelperCommand command, OnEnd on_end) {
  std::shared_ptr<Run> run(new Run(*this, command.time_limit, std::move(on_end)));
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  run->errors_ = bounded_memory_file(kErrorBytes);
  ChildPlan plan;
  plan.arguments = std::move(command.arguments);
  plan.environment = environment(session_);
  plan.directory = "/";
  plan.input = std::move(command.input);
  ChildFiles files;
  files.output = null.get();
  files.errors = run->errors_ ? run->errors_.get() : null.get();
  auto child = Child::start(files, plan);
  if (!child) {
    run->problem_ = child.error().describe();
    run->after(Duration::zero(), &Run::tell_problem);
    return run;
  }
  run->child_ = std::move(*child);
  children_[run->child_->pid()] = run.get();
  run->after(run->time_limit_, &Run::give_up);
  return run;
}

void HelperCommands::child_ended(pid_t pid, int status) {
  const auto found = children_.find(pid);
  if (found == children_.end()) return;
  Run* const run = found->second;
  children_.erase(found);
  if (!run) return;
  run->timer_.cancel();
  const auto failure = run->child_->failure();
  run->child_.reset();
  HelperEnd end{WIFEXITED(status) && WEXITSTATUS(status) == 0 && !failure, ""};
  if (failure) {
    end.detail = failure->describe();
  } else if (run->timed_out_) {
    end.detail = "no answer within " + format_duration(run->time_limit_);
  } else {
    end.detail = describe(status, run->errors_ ? first_line(run->errors_.get()) : "");
  }
  run->tell(end);
}

}  // namespace wm
