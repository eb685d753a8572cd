#include "core/request_fields.h"

#include <algorithm>

#include "core/request_values.h"

namespace wm {
namespace {

// Collects rows. Settings made before a row apply to it and to the rows below it.
class Rows {
 public:
  Rows& group(FieldGroup group) {
    next_.group = group;
    return *this;
  }
  Rows& offered(Offers offers) {
    next_.offers = offers;
    return *this;
  }
  Rows& part(Part part) {
    next_.part = part;
    return *this;
  }

  // The option has the same name as the key.
  template <class Access, class Codec>
  Rows& add(int number, std::string_view key, std::string_view json, std::string_view metavar,
            std::string_view help, Access access, Codec codec) {
    return add_value(number, key, json, metavar, help,
                     std::make_shared<forms::ValueAt<Access, Codec>>(access, std::move(codec)));
  }
  template <class Access>
  Rows& add(int number, std::string_view key, std::string_view json, std::string_view metavar,
            std::string_view help, Access access) {
    return add(number, key, json, metavar, help, access, forms::Of<forms::TypeAt<Access>>{});
  }
  Rows& add_value(int number, std::string_view key, std::string_view json, std::string_view metavar,
                  std::string_view help, std::shared_ptr<const FieldValue> value) {
    next_.number = number;
    next_.key = next_.option = key;
    next_.json = json;
    next_.metavar = metavar;
    next_.help = help;
    next_.value = std::move(value);
    list_.push_back(next_);
    return *this;
  }

  // Applies to the row above.
  Rows& option(std::string_view names) {
    list_.back().option = names;
    return *this;
  }
  Rows& in_object(std::string_view object) {
    list_.back().object = object;
    return *this;
  }
  Rows& always() {
    list_.back().always = true;
    return *this;
  }

  std::vector<Field> take() { return std::move(list_); }

 private:
  Field next_;
  std::vector<Field> list_;
};

constexpr Offers kAll = kOneoff | kPeriodic | kEvery | kProcessing | kUpdate | kFile;
constexpr Offers kEnding = kOneoff | kProcessing | kFile;

// Numbers from 100 on are those of constraints.
constexpr int kFirstConstraint = 100;

void add_identity(Rows& rows) {
  rows.offered(kFile)
      .add(1, "name", "uniqueName", "", "", [](auto& r) -> auto& { return r.unique_name; })
      .option("")
      .always()
      .add(2, "task", "taskName", "", "", [](auto& r) -> auto& { return r.task_name; })
      .option("")
      .add(3, "command", "command", "", "", [](auto& r) -> auto& { return r.command; })
      .option("")
      .offered(0)
      .part(Part::policy)
      .add(4, "kind", "kind", "", "", [](auto& r) -> auto& { return r.kind; })
      .option("")
      .always();
}

void add_surroundings(Rows& rows) {
  rows.group(FieldGroup::gets)
      .offered(kAll)
      .part(Part::own)
      .add(
          5, "input-json", "", "JSON", "The input as one JSON object; @FILE; - for stdin",
          [](auto& r) -> auto& { return r.input; }, forms::InputText{})
      .add(
          6, "input", "input", "KEY=VALUE", "A string in the input, or KEY:=JSON; repeatable",
          [](auto& r) -> auto& { return r.input; }, forms::Input{})
      .always()
      .add(7, "env", "env", "NAME=VALUE", "An environment variable; repeatable",
           [](auto& r) -> auto& { return r.env; })
      .add(90, "env-file", "envFile", "FILE", "A file of variables, read at each start: secrets",
           [](auto& r) -> auto& { return r.env_file; })
      .add(8, "cwd", "cwd", "DIR", "The working directory", [](auto& r) -> auto& { return r.cwd; })
      .add(
          91, "umask", "umask", "MASK", "Permissions that its files lack: 027 (022)",
          [](auto& r) -> auto& { return r.terms.umask; }, forms::Maybe{forms::FileMask{}})
      .add(9, "as", "as", "USER", "Run with this user's rights; only for root",
           [](auto& r) -> auto& { return r.terms.as; })
      .add(
          10, "nice", "nice", "N", "From -20 to 19; a lower value gets more CPU",
          [](auto& r) -> auto& { return r.terms.nice; },
          forms::Maybe{forms::Number<std::int32_t>{-20, 19}})
      .add(11, "io-class", "ioClass", "CLASS", "best-effort, or idle: only what nobody else wants",
           [](auto& r) -> auto& { return r.terms.io_class; })
      .part(Part::bounds)
      .add(
          12, "memory-max", "memoryMaxBytes", "SIZE", "Memory of all its processes: 512M, 2G",
          [](auto& r) -> auto& { return r.terms.bounds.memory_max; },
          forms::Maybe{forms::Size{std::int64_t{1} << 20}})
      .add(
          13, "cpu-weight", "cpuWeight", "N", "Share of CPU; everybody else has 100",
          [](auto& r) -> auto& { return r.terms.bounds.cpu_weight; },
          forms::Maybe{forms::Number<std::int32_t>{1, 10'000}})
      .add(
          14, "tasks-max", "tasksMax", "N", "Most processes and threads",
          [](auto& r) -> auto& { return r.terms.bounds.tasks_max; },
          forms::Maybe{forms::Number<std::int32_t>{1, 4'194'304}});
}

void add_conditions(Rows& rows) {
  rows.group(FieldGroup::when).part(Part::policy);
  for (const ConstraintDef& def : kConstraints) {
    rows.offered(kAll | kCheck)
        .add_value(kFirstConstraint + static_cast<int>(number_of(def.id)), def.option, def.json,
                   def.metavar, def.help, std::make_shared<forms::ConstraintValue>(def))
        .in_object("constraints");
  }
  rows.offered(kAll)
      .add(
          20, "prefer", "prefer", "CONSTRAINT", "network=TYPE, charging, …: wait for this too,",
          [](auto& r) -> auto& { return r.prefer; }, forms::Preferences{})
      .add_value(21, "relax-after", "", "D", "… until it has been due for this long",
                 std::make_shared<forms::RelaxAfter>());
}

void add_times(Rows& rows) {
  rows.add(22, "initial-delay", "initialDelayMs", "D", "Do not run before this long from now",
           [](auto& r) -> auto& { return r.initial_delay; })
      .part(Part::own)
      .add(23, "at", "at", "TIME",
           "Do not run before: 09:30, tomorrow 09:30,\nmonday 09:30, 2026-11-23 09:30, in 2h, ISO "
           "8601",
           [](auto& r) -> auto& { return r.at; })
      .part(Part::policy)
      .offered(kEnding | kUpdate)
      .add(24, "deadline", "deadlineMs", "D", "Run after this long, whatever its constraints",
           [](auto& r) -> auto& { return r.deadline; })
      .add(25, "on-path", "onPath", "GLOB",
           "Run once a path changes: a directory, a file, or\na quoted pattern; repeatable",
           [](auto& r) -> auto& { return r.trigger.paths; })
      .add(26, "trigger-delay", "triggerDelayMs", "D", "… and has been quiet for this long (500ms)",
           [](auto& r) -> auto& { return r.trigger.delay; })
      .add(27, "trigger-max-delay", "triggerMaxDelayMs", "D",
           "… but at most this long after the change (1m)",
           [](auto& r) -> auto& { return r.trigger.max_delay; })
      .offered(kPeriodic | kUpdate | kFile)
      .add(28, "every", "everyMs", "D", "The period, at least 15m",
           [](auto& r) -> auto& { return r.every; })
      .option("every,--frequency")
      .offered(kPeriodic | kEvery | kUpdate | kFile)
      .add(29, "flex", "flexMs", "D", "Run only in the last part of each period",
           [](auto& r) -> auto& { return r.flex; })
      .add(30, "cadence", "cadence", "HOW",
           "interval (default): from the end of the last run;\nfixed: keeps the phase of the first",
           [](auto& r) -> auto& { return r.cadence; })
      .offered(kPeriodic | kUpdate | kFile)
      .add(31, "calendar", "calendar", "EXPR", "Instead of a period: \"30 2 * * mon\", @daily, …",
           [](auto& r) -> auto& { return r.calendar; })
      .offered(kAll | kCheck)
      .add(32, "time-zone", "timeZone", "ZONE",
           "The zone of calendar and windows: Europe/Berlin, …",
           [](auto& r) -> auto& { return r.time_zone; });
}

void add_chain(Rows& rows) {
  rows.group(FieldGroup::after)
      .offered(kEnding)
      .part(Part::own)
      .add(40, "after", "prerequisites", "NAME", "Run once that job has succeeded; repeatable",
           [](auto& r) -> auto& { return r.prerequisites; })
      .add(41, "merge", "merge", "HOW", "Outputs become input: overwrite (default), arrays",
           [](auto& r) -> auto& { return r.merge; });
}

void add_order(Rows& rows) {
  rows.group(FieldGroup::order)
      .offered(kAll)
      .part(Part::policy)
      .add(
          42, "priority", "priority", "N", "From -10 to 10 (0)",
          [](auto& r) -> auto& { return r.priority; }, forms::Number<std::int32_t>{-10, 10})
      .add(43, "group", "group", "NAME", "Its group, which may have its own limit",
           [](auto& r) -> auto& { return r.group; })
      .offered(kOneoff | kUpdate | kFile)
      .add(44, "expedited", "expedited", "", "Run before all others, on a budget",
           [](auto& r) -> auto& { return r.expedited; })
      .add(45, "out-of-quota", "outOfQuota", "POLICY", "run-as-non-expedited (default), drop",
           [](auto& r) -> auto& { return r.out_of_quota; });
}

void add_ends(Rows& rows) {
  rows.group(FieldGroup::end)
      .offered(kAll)
      .add(50, "backoff", "policy", "POLICY", "exponential (default) or linear",
           [](auto& r) -> auto& { return r.backoff_policy; })
      .in_object("backoff")
      .add(51, "backoff-delay", "delayMs", "D", "The delay before the second attempt (30s)",
           [](auto& r) -> auto& { return r.backoff_delay; })
      .in_object("backoff")
      .add(
          52, "max-attempts", "maxAttempts", "N", "Fail after this many attempts; 0: never",
          [](auto& r) -> auto& { return r.max_attempts; },
          forms::Maybe{forms::Number<std::int32_t>{.least = 0}})
      .part(Part::exit_rules)
      .add(53, "retry-on-crash", "retryOnCrash", "", "Also retry when a signal has killed it",
           [](auto& r) -> auto& { return r.exit_rules.retry_on_crash; })
      .add(54, "fail-on", "failOn", "CODES", "Exit codes that fail for good (64-74,76-78)",
           [](auto& r) -> auto& { return r.exit_rules.fail_on; })
      .add(55, "retry-on", "retryOn", "CODES", "Exit codes that retry (all others)",
           [](auto& r) -> auto& { return r.exit_rules.retry_on; })
      .add(56, "success-on", "successOn", "CODES", "Exit codes that succeed (0)",
           [](auto& r) -> auto& { return r.exit_rules.success_on; })
      .part(Part::policy)
      .add(57, "time-limit", "timeLimitMs", "D", "Stop a run after this long, and retry; 0s: never",
           [](auto& r) -> auto& { return r.time_limit; })
      .add(59, "watchdog", "watchdogMs", "D", "Stop a run that is silent for this long, and retry",
           [](auto& r) -> auto& { return r.watchdog; })
      .add(64, "while-kept-alive", "whileKeptAlive", "",
           "Start only if its owner was heard in that time",
           [](auto& r) -> auto& { return r.while_kept_alive; })
      .part(Part::own)
      .add(58, "stop-grace", "stopGraceMs", "D", "The time from SIGTERM to SIGKILL (10s)",
           [](auto& r) -> auto& { return r.stop_grace; });
}

void add_keeping(Rows& rows) {
  rows.group(FieldGroup::kept)
      .add(60, "tags", "tags", "TAG", "A tag to list and cancel by; repeatable",
           [](auto& r) -> auto& { return r.tags; })
      .option("tag")
      .part(Part::policy)
      .add(61, "notify", "notify", "EVENT",
           "Notify when it has started, succeeded, failed,\nretried or stopped; repeatable, or "
           "a,b",
           [](auto& r) -> auto& { return r.notify; })
      .part(Part::own)
      .add(62, "keep-results", "keepResultsMs", "D", "Forget it this long after its end (7d)",
           [](auto& r) -> auto& { return r.keep_results; })
      .add(63, "description", "description", "TEXT", "A sentence for people",
           [](auto& r) -> auto& { return r.description; });
}

std::vector<Field> make_fields() {
  Rows rows;
  for (const auto& add : {add_identity, add_surroundings, add_conditions, add_times, add_chain,
                          add_order, add_ends, add_keeping}) {
    add(rows);
  }
  return rows.take();
}

}  // namespace

std::span<const Field> request_fields() {
  static const std::vector<Field> kFields = make_fields();
  return kFields;
}

const Field* find_field(std::string_view key) {
  const auto found = std::ranges::find(request_fields(), key, &Field::key);
  return found == request_fields().end() ? nullptr : &*found;
}

WorkRequest default_request(WorkKind kind) {
  WorkRequest request;
  request.kind = kind;
  if (kind == WorkKind::processing) {
    request.constraints.set(Constraint::charging);
    request.constraints.set(Constraint::idle);
  }
  return request;
}

Result<> check_fields(const WorkRequest& request) {
  for (const Field& field : request_fields()) {
    if (auto checked = field.value->check(field.key, request); !checked) return checked;
  }
  return {};
}

}  // namespace wm
