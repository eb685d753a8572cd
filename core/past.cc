#include "core/past.h"

#include <algorithm>

#include "core/schedule.h"
#include "core/text.h"

namespace wm {
namespace {

// Nobody knows a value in these cases; these are what people read.
constexpr const char* kNoRecord = "not on record";
constexpr const char* kNoDaemon = "wmd was not running";
constexpr const char* kAsleep = "the machine was asleep";
constexpr const char* kLost = "wmd was killed, or lost power, at some time";
constexpr const char* kUnwatched = "no job needed it";
constexpr const char* kUnsteady = "it changed too often";
constexpr const char* kNotYet = "not measured yet";

/// A stretch of time in which one thing stayed as it was.
struct Stretch {
  std::optional<TimePoint> from;  // Nothing: the record begins later.
  std::optional<TimePoint> to;    // Nothing: it goes on until now.
  std::optional<ConditionValue> value;
  const char* why_unknown = kNoRecord;
  std::string detail;
};

bool is_daemons(const ConditionChange& change) { return !change.condition; }

std::string detail_of(const ConditionChange& change) {
  return change.source + (change.detail.empty() ? "" : ": " + change.detail);
}

Stretch stretch_of(const ConditionChange& change) {
  Stretch stretch{.from = change.at, .detail = detail_of(change)};
  switch (change.event) {
    case ConditionEvent::changed:
      stretch.value = change.value;
      break;
    case ConditionEvent::unwatched:
      stretch.why_unknown = kUnwatched;
      break;
    case ConditionEvent::unsteady:
      stretch.why_unknown = kUnsteady;
      break;
    case ConditionEvent::started:
    case ConditionEvent::awake:
      stretch.why_unknown = kNotYet;
      break;
    case ConditionEvent::stopped:
      stretch.why_unknown = kNoDaemon;
      break;
    case ConditionEvent::lost:
      stretch.why_unknown = kLost;
      break;
    case ConditionEvent::asleep:
      stretch.why_unknown = kAsleep;
      break;
  }
  return stretch;
}

// The stretches of one condition, or with nothing of the daemon itself, oldest first; the first one
// is the time before the record.
std::vector<Stretch> stretches_of(const std::vector<ConditionChange>& changes,
                                  const std::optional<ConditionId>& condition) {
  std::vector<Stretch> list(1);
  for (const ConditionChange& change : changes) {
    if (!is_daemons(change) && change.condition != condition) continue;
    list.back().to = change.at;
    list.push_back(stretch_of(change));
    if (is_daemons(change) && !condition && is_running(change.event)) {
      list.back().value = true;
    }
  }
  return list;
}

std::size_t place_at(const std::vector<Stretch>& list, TimePoint moment) {
  std::size_t place = 0;
  while (place + 1 < list.size() && list[place + 1].from <= moment) ++place;
  return place;
}

class Past {
 public:
  Past(const PastRecord& record, const PastRules& rules, TimePoint moment)
      : record_(record),
        rules_(rules),
        moment_(moment),
        policy_(record.work.policy),
        zone_(zone_of(policy_, rules.scheduling.zone)) {}

  PastExplanation explain() {
    told_.next = record_.after;
    told_.registered = record_.registered_at <= moment_;
    if (was_running()) return std::move(told_);
    if (!told_.registered || has_ended() || was_blocked()) return std::move(told_);
    add_daemon();
    add_time();
    add_pauses();
    add_constraints();
    add_rest();
    return std::move(told_);
  }

 private:
  bool was_running() {
    const auto& run = record_.before;
    if (!run || (run->finished_at && *run->finished_at <= moment_)) return false;
    told_.registered = true;
    told_.state = WorkState::running;
    told_.run = run;
    return true;
  }

  // Whether it has run before since it was enqueued.
  bool ran_before() const {
    if (!record_.before || record_.before->work != record_.work.id) return false;
    const TimePoint again = record_.work.enqueued_at;
    return again <= record_.before->started_at || again > moment_;
  }

  // The row after the last run before the moment, with today's terms.
  Work after_last_run() const {
    const RunInfo run = record_.before.value_or(RunInfo{});
    const RunResult result = run.result.value_or(RunResult{});
    Work row = record_.work;
    row.state = WorkState::running;
    row.attempts = run.attempt;
    row.stopping = result.stop_reason;
    row.at = {};
    row.period_ends = {};
    row.due = run.started_at;
    return after_run(row, result.outcome, run.finished_at.value_or(run.started_at),
                     rules_.scheduling);
  }

  bool has_ended() {
    const Work& work = record_.work;
    if (is_finished(work.state) && work.since <= moment_) {
      told_.state = work.state;
      return true;
    }
    if (!ran_before()) return false;
    const Work row = after_last_run();
    told_.state = row.state;
    return is_finished(row.state);
  }

  bool was_blocked() {
    const Work& work = record_.work;
    const bool in_vain = is_finished(work.state) && work.blocked_on > 0;
    const bool still = work.state == WorkState::blocked;
    if (record_.prerequisites.empty() || ran_before()) return false;
    if (!in_vain && !still && work.enqueued_at <= moment_) return false;
    told_.state = WorkState::blocked;
    told_.waits = record_.prerequisites;
    for (Wait& wait : told_.waits) {
      wait.since = record_.registered_at;
      if (!still) wait.until = in_vain ? work.since : work.enqueued_at;
    }
    return true;
  }

  void add_daemon() {
    const std::vector<Stretch> list = stretches_of(record_.changes, std::nullopt);
    const Stretch& then = list[place_at(list, moment_)];
    if (then.value) return;
    Wait wait{
        .kind = WaitKind::daemon, .required = "running", .since = then.from, .until = then.to};
    const bool known = then.why_unknown == kNoDaemon || then.why_unknown == kAsleep;
    wait.actual = then.why_unknown == kNoDaemon ? "not running" : then.why_unknown;
    (known ? told_.waits : told_.unknown).push_back(std::move(wait));
  }

  // The row in which it waited then; nothing: too little is on record.
  std::optional<Work> row_then() const {
    const Work& work = record_.work;
    if (work.state == WorkState::enqueued && work.since <= moment_) return work;
    if (ran_before()) return after_last_run();
    const bool forgotten = record_.after && record_.after->run > 1 && !record_.before;
    if (forgotten || awaits_paths(work)) return std::nullopt;
    Work row = work;
    row.state = WorkState::enqueued;
    row.timing = first_timing(policy_);
    row.since = work.enqueued_at;
    row.at = record_.at.value_or(TimePoint{});
    row.due = record_.at.value_or(first_due(policy_, work.enqueued_at, zone_));
    row.run_now = row.settling = false;
    return row.timing == Timing::trigger ? std::nullopt : std::optional(row);
  }

  void add_time() {
    const auto row = row_then();
    if (!row || !has_due_time(*row)) {
      const std::string paths = join(policy_.trigger.paths, " or ");
      told_.unknown.push_back({.kind = paths.empty() ? WaitKind::delay : WaitKind::trigger,
                               .name = paths,
                               .required = paths.empty() ? "due" : "a change",
                               .actual = kNoRecord});
      row_ = record_.work;
      row_.due = moment_;
      return;
    }
    row_ = *row;
    if (row_.due <= moment_) return;
    told_.waits.push_back({.kind = kind_of_time(),
                           .name = has_named_time(row_)       ? "at"
                                   : policy_.calendar.empty() ? ""
                                                              : "calendar",
                           .required = format_time(row_.due),
                           .actual = format_time(moment_),
                           .since = row_.since,
                           .until = row_.due});
  }

  WaitKind kind_of_time() const {
    if (has_named_time(row_)) return WaitKind::delay;
    if (row_.timing == Timing::retry) return WaitKind::backoff;
    const bool period = row_.timing == Timing::period || !policy_.calendar.empty();
    return period ? WaitKind::period : WaitKind::delay;
  }

  void add_pauses() {
    if (!record_.pauses) {
      told_.unknown.push_back(
          {.kind = WaitKind::paused, .required = "resumed", .actual = kNoRecord});
      return;
    }
    for (const PastPause& one : *record_.pauses) {
      if (!one.group.empty() && one.group != policy_.group) continue;
      told_.waits.push_back({.kind = WaitKind::paused,
                             .name = one.group,
                             .required = "resumed",
                             .actual = "paused",
                             .since = one.since,
                             .until = one.until});
    }
  }

  void add_constraints() {
    row_.run_now = false;
    if (policy_.deadline && row_.enqueued_at + *policy_.deadline <= moment_) return;
    add_needs(policy_.constraints, std::nullopt);
    for (const Preference& preference : policy_.prefer) {
      const TimePoint relaxed = std::max(row_.due, row_.since) + preference.relax_after;
      if (relaxed > moment_) add_needs(preference.constraints, relaxed);
    }
  }

  void add_needs(const Constraints& wanted, std::optional<TimePoint> relaxed) {
    if (!wanted.between.empty()) add_window(wanted);
    for (const ConditionId& id : ids_of(wanted)) add_need(part_about(wanted, id), id, relaxed);
  }

  void add_window(const Constraints& wanted) {
    const Constraints window{.between = wanted.between};
    const ZonedTime time{moment_, zone_};
    for (const Need& one : unmet(window, {}, time)) {
      told_.waits.push_back(constraint_wait(one, policy_));
    }
    for (const Need& one : met(window, {}, time)) {
      told_.met.push_back(constraint_wait(one, policy_));
    }
  }

  bool held(const Constraints& wanted, const ConditionId& id, const Stretch& stretch) const {
    return hold(wanted, conditions_in(id, stretch), {moment_, zone_});
  }

  Conditions conditions_in(const ConditionId& id, const Stretch& stretch) const {
    Conditions conditions;
    conditions.unknown = rules_.unknown;
    if (stretch.value) put(conditions, id, *stretch.value);
    return conditions;
  }

  // Neighbouring stretches in which it held, or did not, are one. Where the record ends, it may
  // have gone on.
  void add_need(const Constraints& wanted, const ConditionId& id,
                std::optional<TimePoint> relaxed) {
    const std::vector<Stretch> list = stretches_of(record_.changes, id);
    const std::size_t place = place_at(list, moment_);
    const Stretch& then = list[place];
    if (!then.value) return add_unknown(wanted, then);
    const bool holds = held(wanted, id, then);
    const Conditions conditions = conditions_in(id, then);
    const ZonedTime time{moment_, zone_};
    const std::vector<Need> needs =
        holds ? met(wanted, conditions, time) : unmet(wanted, conditions, time);
    if (needs.empty()) return;
    Wait wait = constraint_wait(needs.front(), policy_);
    const auto same = [&](std::size_t other) {
      return list[other].value && held(wanted, id, list[other]) == holds;
    };
    std::size_t first = place;
    while (first > 0 && same(first - 1)) --first;
    std::size_t last = place;
    while (last + 1 < list.size() && same(last + 1)) ++last;
    wait.since = list[first].from;
    const bool ends = last + 1 < list.size() && list[last + 1].value;
    wait.until = ends ? list[last].to : std::nullopt;
    if (!holds) wait.until = earliest(wait.until, relaxed);
    wait.detail = then.detail;
    add_once(holds ? told_.met : told_.waits, std::move(wait));
  }

  void add_unknown(const Constraints& wanted, const Stretch& then) {
    Conditions nothing;
    for (const Need& one : needs_of(wanted, nothing)) {
      Wait wait = constraint_wait(one, policy_);
      wait.actual = then.why_unknown;
      wait.since = then.from;
      wait.until = then.to;
      add_once(told_.unknown, std::move(wait));
    }
  }

  std::vector<Need> needs_of(const Constraints& wanted, const Conditions& conditions) const {
    const ZonedTime time{moment_, zone_};
    std::vector<Need> needs = unmet(wanted, conditions, time);
    return needs.empty() ? met(wanted, conditions, time) : needs;
  }

  // A constraint and a preference may need the same.
  static void add_once(std::vector<Wait>& list, Wait wait) {
    const bool known = std::ranges::any_of(list, [&](const Wait& other) {
      return other.kind == wait.kind && other.name == wait.name && other.required == wait.required;
    });
    if (!known) list.push_back(std::move(wait));
  }

  // Nothing that is on record held it back: the next run knows what it has waited for.
  void add_rest() {
    if (!told_.waits.empty() || !told_.unknown.empty() || !told_.next) return;
    if (told_.next->work != record_.work.id) return;
    for (const Waited& one : told_.next->waited) {
      const bool is_slot =
          one.kind == WaitKind::slot || one.kind == WaitKind::group || one.kind == WaitKind::quota;
      const bool is_word = one.kind == WaitKind::keep_alive;
      if (!is_slot && !is_word) continue;
      told_.waits.push_back({.kind = one.kind,
                             .name = one.name,
                             .required = is_word ? "KeepAlive" : "a free slot",
                             .actual = "none",
                             .until = told_.next->started_at});
    }
  }

  const PastRecord& record_;
  const PastRules& rules_;
  TimePoint moment_;
  const Policy& policy_;
  const date::time_zone* zone_;
  Work row_;
  PastExplanation told_;
};

}  // namespace

PastExplanation explain_past(const PastRecord& record, const PastRules& rules, TimePoint moment) {
  return Past(record, rules, moment).explain();
}

}  // namespace wm
