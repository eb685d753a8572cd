#include "core/limits.h"

#include "core/schedule.h"
#include "core/text.h"

namespace wm {
namespace {

constexpr std::size_t kMaxNameLength = 255;

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::invalid, std::move(message));
}

Result<> at_least(std::string_view what, Duration value, Duration least, std::string_view setting) {
  if (value >= least) return {};
  return invalid(std::string(what) + " " + format_duration(value) + " is under the minimum of " +
                 format_duration(least) + " (" + std::string(setting) + ")");
}

Result<> at_most(std::string_view what, Duration value, Duration most) {
  if (value <= most) return {};
  return invalid(std::string(what) + " " + format_duration(value) + " is over the maximum of " +
                 format_duration(most));
}

Result<> validate_schedule(const WorkRequest& request, const Limits& limits) {
  if (request.initial_delay < Duration::zero()) {
    return invalid("initial delay " + format_duration(request.initial_delay) +
                   " is negative: a delay is 0s or more");
  }
  if (auto ok = at_most("initial delay", request.initial_delay, kMaxDuration); !ok) return ok;
  if (request.kind != WorkKind::periodic) {
    if (request.every == Duration::zero() && request.flex == Duration::zero()) return {};
    return invalid("only periodic work has a period and a flex");
  }
  if (auto ok = at_least("period", request.every, limits.min_period, "limits.min_period"); !ok) {
    return ok;
  }
  if (auto ok = at_most("period", request.every, kMaxDuration); !ok) return ok;
  if (request.flex == Duration::zero()) return {};
  if (auto ok = at_least("flex", request.flex, limits.min_flex, "limits.min_flex"); !ok) return ok;
  return at_most("flex", request.flex, request.every);
}

Result<> validate_retry(const WorkRequest& request, const Limits& limits) {
  if (request.max_attempts < 0) {
    return invalid("max attempts " + std::to_string(request.max_attempts) +
                   " is negative: use 0 for no end");
  }
  const ExitRules& rules = request.exit_rules;
  const ExitCodes twice = (rules.fail_on & rules.retry_on) | (rules.fail_on & rules.success_on) |
                          (rules.retry_on & rules.success_on);
  if (twice.any()) {
    return invalid("exit codes " + format_exit_codes(twice) +
                   " are in more than one of fail-on, retry-on and success-on");
  }
  if (!request.backoff) return {};
  if (request.constraints.idle) {
    return invalid("idle work cannot set a backoff: it is simply offered again when idle");
  }
  if (auto ok = at_least("backoff delay", request.backoff->delay, limits.min_backoff,
                         "limits.min_backoff");
      !ok) {
    return ok;
  }
  return at_most("backoff delay", request.backoff->delay, kMaxBackoff);
}

// What execve() and the environment can carry: no byte 0, and names without `=`.
Result<> validate_command(const WorkRequest& request) {
  const auto has_nul = [](std::string_view text) {
    return text.find('\0') != std::string_view::npos;
  };
  if (!request.command.empty()) {
    const std::string& program = request.command.front();
    if (program.empty() || program.front() != '/') {
      return invalid("command '" + printable(program) + "' is not an absolute path");
    }
  }
  for (const std::string& argument : request.command) {
    if (has_nul(argument)) return invalid("an argument of the command holds a NUL byte");
  }
  if (has_nul(request.cwd) || (!request.cwd.empty() && request.cwd.front() != '/')) {
    return invalid("working directory '" + printable(request.cwd) + "' is not an absolute path");
  }
  for (const auto& [name, value] : request.env) {
    if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value)) {
      return invalid("bad environment variable '" + printable(name) + "': write NAME=VALUE");
    }
    if (name.starts_with("WM_")) {
      return invalid("environment variable '" + printable(name) +
                     "' cannot be set: names that begin with WM_ belong to wm");
    }
  }
  return {};
}

Result<> validate_text(const WorkRequest& request, const Limits& limits) {
  if (auto ok = validate_name("unique name", request.unique_name); !ok) return ok;
  if (!request.task_name.empty() || request.command.empty()) {
    if (auto ok = validate_name("task name", request.task_name); !ok) return ok;
  }
  for (const std::string& tag : request.tags) {
    if (auto ok = validate_name("tag", tag); !ok) return ok;
  }
  if (!is_utf8(request.description)) return invalid("the description is not UTF-8");
  if (request.input.size() > limits.max_data) {
    return invalid("input of " + std::to_string(request.input.size()) +
                   " bytes is over the maximum of " + std::to_string(limits.max_data) +
                   " (limits.max_data)");
  }
  return {};
}

}  // namespace

Result<> validate_name(std::string_view what, std::string_view name) {
  if (name.empty()) return invalid("the " + std::string(what) + " is empty");
  if (name.size() > kMaxNameLength) {
    return invalid("the " + std::string(what) + " has " + std::to_string(name.size()) +
                   " bytes: at most " + std::to_string(kMaxNameLength) + " are allowed");
  }
  if (!is_utf8(name) || has_control(name)) {
    return invalid("the " + std::string(what) + " '" + printable(name) +
                   "' has a control character or is not UTF-8");
  }
  return {};
}

Result<> validate(const WorkRequest& request, const Limits& limits) {
  if (auto ok = validate_text(request, limits); !ok) return ok;
  if (auto ok = validate_command(request); !ok) return ok;
  if (auto ok = validate_schedule(request, limits); !ok) return ok;
  return validate_retry(request, limits);
}

}  // namespace wm
