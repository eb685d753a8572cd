#include "daemon/probes/custom.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/mman.h>
#include <sys/wait.h>

namespace wm {
namespace {

constexpr off_t kErrorBytes = 4096;

// Takes so much and no more, whatever is written.
UniqueFd make_error_file() {
  UniqueFd file(::memfd_create("wm-condition", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file && (::ftruncate(file.get(), kErrorBytes) != 0 ||
               ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0)) {
    file.reset();
  }
  return file;
}

std::string first_line(int file) {
  std::array<char, 160> text{};
  const ssize_t length = ::pread(file, text.data(), text.size(), 0);
  const auto end = std::find_if(text.begin(), text.begin() + std::max<ssize_t>(length, 0),
                                [](char c) { return c == '\0' || c == '\n'; });
  return {text.begin(), end};
}

std::string variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return std::string(name) + '=' + (value ? value : otherwise);
}

std::string describe(int status, const std::string& said) {
  std::string text = WIFSIGNALED(status) ? fmt::format("ended by signal {}", WTERMSIG(status))
                                         : fmt::format("exit {}", WEXITSTATUS(status));
  if (!said.empty()) text += ": " + said;
  return text;
}

}  // namespace

CustomProbe::CustomProbe(boost::asio::io_context& loop,
                         const std::map<std::string, CustomCondition>& declared, Report report)
    : loop_(loop), declared_(declared), report_(std::move(report)) {}

CustomProbe::~CustomProbe() {
  for (auto& [name, check] : checks_) stop(check);
}

void CustomProbe::set_wanted(const Constraints& wanted) {
  for (auto entry = checks_.begin(); entry != checks_.end();) {
    auto& [name, check] = *entry;
    const auto declared = declared_.find(name);
    const bool stays = declared != declared_.end() && declared->second == check.condition &&
                       std::ranges::count(wanted.custom, name) > 0;
    if (!stays) stop(check);
    entry = stays ? std::next(entry) : checks_.erase(entry);
  }
  for (const std::string& name : wanted.custom) {
    const auto declared = declared_.find(name);
    if (checks_.contains(name)) continue;
    if (declared == declared_.end()) {
      tell(name, false, "the configuration does not declare it any more");
      continue;
    }
    Check& check = checks_.try_emplace(name, loop_).first->second;
    check.condition = declared->second;
    run(name, check);
  }
}

void CustomProbe::measure() {
  for (auto& [name, check] : checks_) {
    if (!check.child) run(name, check);
  }
}

void CustomProbe::run(const std::string& name, Check& check) {
  if (check.child) return;
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  check.errors = make_error_file();
  check.timed_out = false;
  ChildPlan plan;
  plan.arguments = check.condition.command;
  plan.environment = {variable("PATH", "/usr/local/bin:/usr/bin:/bin"), variable("HOME", "/"),
                      variable("LANG", "C.UTF-8")};
  plan.directory = "/";
  plan.input = plan.output = null.get();
  plan.errors = check.errors ? check.errors.get() : null.get();
  auto child = Child::start(std::move(plan));
  if (!child) {
    tell(name, false, child.error().describe());
    return pause(name, check);
  }
  check.child = std::move(*child);
  wait(name, check, check.condition.time_limit, &CustomProbe::time_out);
}

bool CustomProbe::has_child(pid_t pid) const {
  return std::ranges::any_of(checks_,
                             [&](const auto& check) { return check.second.has_child(pid); });
}

void CustomProbe::child_ended(pid_t pid, int status) {
  for (auto& [name, check] : checks_) {
    if (!check.has_child(pid)) continue;
    const bool holds = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    const std::string said = check.errors ? first_line(check.errors.get()) : "";
    const auto failure = check.child->failure();
    tell(name, holds && !failure,
         failure           ? failure->describe()
         : check.timed_out ? "no answer within " + format_duration(check.condition.time_limit)
                           : describe(status, said));
    check.child.reset();
    return pause(name, check);
  }
}

void CustomProbe::tell(const std::string& name, bool holds, std::string detail) {
  report_({ConditionId(ConditionName::custom, name), holds, "command", std::move(detail)});
}

void CustomProbe::pause(const std::string& name, Check& check) {
  wait(name, check, check.condition.every, &CustomProbe::run);
}

void CustomProbe::wait(const std::string& name, Check& check, Duration time,
                       void (CustomProbe::*then)(const std::string&, Check&)) {
  check.timer.expires_after(time);
  check.timer.async_wait([this, name, then](const boost::system::error_code& cancelled) {
    const auto found = checks_.find(name);
    if (!cancelled && found != checks_.end()) (this->*then)(name, found->second);
  });
}

void CustomProbe::time_out(const std::string&, Check& check) {
  check.timed_out = true;
  stop(check);
}

void CustomProbe::stop(Check& check) {
  if (!check.child) return;
  ::kill(check.child->pid(), SIGKILL);
  ::kill(-check.child->pid(), SIGKILL);  // It leads a session of its own, or will.
}

}  // namespace wm
