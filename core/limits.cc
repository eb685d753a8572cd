#include "core/limits.h"

#include <algorithm>

#include "core/calendar.h"
#include "core/request_fields.h"
#include "core/schedule.h"
#include "core/text.h"
#include "core/zone.h"

namespace wm {
namespace {

constexpr std::size_t kMaxNameLength = 255;
constexpr std::size_t kMaxPathLength = 4096;  // Linux's PATH_MAX.
constexpr Duration kMinWatchdog = 100ms;      // Less would stop runs of a machine that is busy.

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

// Collects problems: the first error counts.
class Checks {
 public:
  Checks& require(bool fine, std::string_view message) {
    if (!fine && result_) result_ = invalid(std::string(message));
    return *this;
  }
  Checks& require(const Result<>& result) {
    if (!result && result_) result_ = result;
    return *this;
  }
  Result<> result() const { return result_; }

 private:
  Result<> result_;
};

Result<> validate_calendar(const WorkRequest& request) {
  if (const auto calendar = Calendar::parse(request.calendar); !calendar) {
    return std::unexpected(calendar.error());
  }
  return Checks()
      .require(request.every == Duration::zero(), "a period and a calendar: give one of them")
      .require(request.flex == Duration::zero(), "a calendar has no flex: it names each time")
      .require(request.cadence == Cadence::interval,
               "a calendar has no cadence: it names each time")
      .result();
}

Result<> validate_period(const WorkRequest& request, const Limits& limits) {
  if (!request.calendar.empty()) return validate_calendar(request);
  if (request.every == Duration::zero()) {
    return invalid("periodic work needs a period of at least " +
                   format_duration(limits.min_period) +
                   " (limits.min_period) or a calendar: give every or calendar");
  }
  Checks checks;
  auto long_enough = at_least("period", request.every, limits.min_period, "limits.min_period");
  if (!long_enough) {
    long_enough.error().message += ": a calendar such as '*/5 * * * *' may be denser";
  }
  checks.require(long_enough).require(at_most("period", request.every, kMaxDuration));
  if (request.flex != Duration::zero()) {
    checks.require(at_least("flex", request.flex, limits.min_flex, "limits.min_flex"))
        .require(at_most("flex", request.flex, request.every));
  }
  return checks.result();
}

Result<> validate_deadline(const WorkRequest& request) {
  if (!request.deadline) return {};
  return Checks()
      .require(request.kind != WorkKind::periodic, "periodic work has no deadline: it has periods")
      .require(*request.deadline > Duration::zero(), "a deadline is more than 0s from now")
      .require(at_most("deadline", *request.deadline, kMaxDuration))
      .require(*request.deadline >= request.initial_delay,
               "the deadline " + format_duration(*request.deadline) +
                   " is before the initial delay " + format_duration(request.initial_delay))
      .result();
}

Result<> validate_trigger(const WorkRequest& request) {
  constexpr std::size_t kMostPaths = 16;
  const Trigger& trigger = request.trigger;
  const Duration delay = trigger_delay(trigger);
  const Duration latest = trigger_max_delay(trigger);
  Checks checks;
  checks
      .require(!trigger.paths.empty() || (!trigger.delay && !trigger.max_delay),
               "a trigger delay needs a path to wait for: give on-path, too")
      .require(trigger.paths.size() <= kMostPaths, "at most 16 paths are allowed")
      .require(trigger.paths.empty() || request.kind != WorkKind::periodic,
               "periodic work has no path to wait for: it has periods")
      .require(trigger.paths.empty() || !request.at, "a path and a time: give one of them")
      .require(delay >= Duration::zero(), "a trigger delay is 0s or more")
      .require(at_most("trigger delay", delay, kMaxDuration))
      .require(at_most("trigger max delay", latest, kMaxDuration))
      .require(latest >= delay, "the trigger max delay " + format_duration(latest) +
                                    " is under the trigger delay " + format_duration(delay));
  for (const std::string& path : trigger.paths) {
    checks.require(!path.empty() && path.front() == '/' && is_utf8(path) &&
                       path.size() < kMaxPathLength && path.find('\0') == std::string::npos,
                   "path '" + printable(path) + "' is not an absolute path");
  }
  return checks.result();
}

// Checks the windows, and that a time zone has something to be the zone of.
Result<> validate_local_times(const WorkRequest& request, ZoneCheck zone_check) {
  constexpr std::size_t kMost = 16;
  const std::size_t windows = request.constraints.between.size();
  Checks checks;
  checks.require(windows <= kMost, std::to_string(windows) + " windows are too many: at most " +
                                       std::to_string(kMost) + " are allowed (between)");
  bool has_window = windows > 0;
  for (const Preference& one : request.prefer) {
    has_window |= one.constraints.has(Constraint::between);
    checks.require(one.constraints.between.size() <= 1, "a preference names one window");
  }
  return checks.require(request.time_zone.empty() ? Result<>() : zone_check(request.time_zone))
      .require(request.time_zone.empty() || !request.calendar.empty() || has_window,
               "time zone " + printable(request.time_zone) +
                   " has nothing to be the zone of: give calendar or between, or no time-zone")
      .result();
}

Result<> validate_schedule(const WorkRequest& request, const Limits& limits, ZoneCheck zone_check) {
  const bool periodic = request.kind == WorkKind::periodic;
  return Checks()
      .require(request.initial_delay >= Duration::zero(),
               "initial delay " + format_duration(request.initial_delay) +
                   " is negative: a delay is 0s or more")
      .require(at_most("initial delay", request.initial_delay, kMaxDuration))
      .require(!request.at || request.initial_delay == Duration::zero(),
               "an initial delay and a time: give one of them")
      .require(periodic || (request.every == Duration::zero() && request.flex == Duration::zero() &&
                            request.calendar.empty() && request.cadence == Cadence::interval),
               "only periodic work has a period, a flex, a cadence and a calendar")
      .require(periodic ? validate_period(request, limits) : Result<>())
      .require(validate_local_times(request, zone_check))
      .require(validate_deadline(request))
      .require(validate_trigger(request))
      .result();
}

// Checks that each preference names a constraint, and a time after which it is dropped.
Result<> validate_preferences(const WorkRequest& request) {
  constexpr std::size_t kMost = 8;
  Checks checks;
  checks.require(request.prefer.size() <= kMost, "at most 8 preferences are allowed");
  for (const Preference& preference : request.prefer) {
    checks.require(preference.constraints != Constraints{}, "a preference names no constraint")
        .require(preference.relax_after > Duration::zero(),
                 "a preference needs a time after which it is dropped: relax-after, such as 24h")
        .require(at_most("relax-after", preference.relax_after, kMaxDuration));
  }
  return checks.result();
}

bool is_light(const Constraints& constraints) {
  return std::ranges::none_of(kConstraints, [&](const ConstraintDef& one) {
    return constraints.has(one.id) && !one.light;
  });
}

// `network and storage`
std::string light_conditions() {
  std::string text;
  for (const ConstraintDef& one : kConstraints) {
    if (one.light) text += (text.empty() ? "" : " and ") + std::string(one.condition);
  }
  return text;
}

Result<> validate_expedited(const WorkRequest& request) {
  if (!request.expedited) return {};
  bool light = is_light(request.constraints);
  for (const Preference& preference : request.prefer) light &= is_light(preference.constraints);
  return Checks()
      .require(request.kind == WorkKind::oneoff, "only one-off work can be expedited")
      .require(light, "expedited work may constrain only " + light_conditions())
      .require(request.initial_delay == Duration::zero() && !request.at,
               "expedited work has no initial delay: it is meant to run at once")
      .result();
}

Result<> validate_choice(const WorkRequest& request) {
  return Checks()
      .require(request.group.empty() ? Result<>() : validate_name("group", request.group))
      .require(!request.time_limit || *request.time_limit >= Duration::zero(),
               "a time limit is 0s (none) or more")
      .require(request.time_limit ? at_most("time limit", *request.time_limit, kMaxDuration)
                                  : Result<>())
      .require(request.watchdog == Duration::zero() || request.watchdog >= kMinWatchdog,
               "a watchdog is 0s (none), or " + format_duration(kMinWatchdog) + " or more")
      .require(at_most("watchdog", request.watchdog, kMaxDuration))
      .require(!request.while_kept_alive || request.watchdog > Duration::zero(),
               "--while-kept-alive needs --watchdog: how long its owner's word counts")
      .require(request.keep_results ? at_most("keep-results", *request.keep_results, kMaxDuration)
                                    : Result<>())
      .require(validate_expedited(request))
      .require(validate_preferences(request))
      .result();
}

Result<> validate_chain(const WorkRequest& request) {
  constexpr std::size_t kMost = 1000;
  Checks checks;
  checks
      .require(request.kind != WorkKind::periodic || request.prerequisites.empty(),
               "periodic work can have no prerequisite: it never ends")
      .require(request.prerequisites.size() <= kMost, "at most 1000 prerequisites are allowed");
  for (const std::string& name : request.prerequisites) {
    checks.require(validate_name("prerequisite", name))
        .require(name != request.unique_name, "work cannot be its own prerequisite");
  }
  return checks.result();
}

Result<> validate_retry(const WorkRequest& request, const Limits& limits) {
  const ExitRules& rules = request.exit_rules;
  const ExitCodes twice = (rules.fail_on & rules.retry_on) | (rules.fail_on & rules.success_on) |
                          (rules.retry_on & rules.success_on);
  if (twice.any()) {
    return invalid("exit codes " + format_exit_codes(twice) +
                   " are in more than one of fail-on, retry-on and success-on");
  }
  if (!request.backoff_policy && !request.backoff_delay) return {};
  if (request.constraints.has(Constraint::idle)) {
    return invalid("idle work cannot set a backoff: it is simply offered again when idle");
  }
  const Duration delay = backoff_of(request).delay;
  if (auto ok = at_least("backoff delay", delay, limits.min_backoff, "limits.min_backoff"); !ok) {
    return ok;
  }
  return at_most("backoff delay", delay, kMaxBackoff);
}

// Checks for execve() and the environment: no byte 0, and names without `=`.
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
  const std::string& file = request.env_file;
  if (has_nul(file) || file.size() >= kMaxPathLength || (!file.empty() && file.front() != '/')) {
    return invalid("file of variables '" + printable(file) + "' is not an absolute path");
  }
  for (const auto& [name, value] : request.env) {
    if (name.empty() || name.find('=') != std::string::npos || has_control(name) ||
        has_nul(value)) {
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
  return validate(request, limits, check_zone);
}

Result<> validate(const WorkRequest& request, const Limits& limits, ZoneCheck zone_check) {
  if (auto ok = validate_text(request, limits); !ok) return ok;
  if (auto ok = validate_command(request); !ok) return ok;
  return Checks()
      .require(check_fields(request))
      .require(validate_schedule(request, limits, zone_check))
      .require(validate_choice(request))
      .require(validate_chain(request))
      .require(validate_retry(request, limits))
      .require(request.terms.as.empty() ? Result<>() : validate_name("user", request.terms.as))
      .result();
}

Result<> validate_constraints(const WorkRequest& request) {
  return Checks()
      .require(check_fields(request))
      .require(validate_local_times(request, check_zone))
      .result();
}

Result<> validate_existing(ExistingPolicy existing, WorkKind kind) {
  const bool appends =
      existing == ExistingPolicy::append || existing == ExistingPolicy::append_or_replace;
  if (!appends || kind != WorkKind::periodic) return {};
  return invalid("periodic work cannot be appended: use keep, replace, update or " +
                 std::string(word(ExistingPolicy::cancel_and_reenqueue)));
}

}  // namespace wm
