#include "core/agenda.h"

namespace wm {

namespace {

bool is_named(const Work& work) {
  return work.state == WorkState::enqueued || work.state == WorkState::running;
}

void count_run(RunsOfOwners& runs, uid_t owner, int more) {
  const auto [found, fresh] = runs.try_emplace(owner, 0);
  found->second += more;
  if (found->second == 0) runs.erase(found);
}

}  // namespace

Agenda::Agenda() { group_of(""); }

void Agenda::add(Row& row) {
  const Work& work = row.work;
  if (is_named(work)) count_named(work.run_policy, 1);
  if (work.state == WorkState::running) {
    running_.insert(work.id);
    count_run(running_of_, work.owner, 1);
    count_run(groups_[group_of(work.run_policy.get().group)].running, work.owner, 1);
    if (work.stopping == StopReason::none) {
      const auto window_ends = next_change_of(work, work.run_policy, {now_, zone_});
      set_alarm(row, earliest(earliest(time_is_up(work), silence_ends(work)), window_ends));
    }
    return;
  }
  heard_.erase(work.id);
  if (is_finished(work.state) || !work.policy.get().while_kept_alive) words_.erase(work.id);
  if (work.state == WorkState::enqueued && !work.held) {
    if (awaits_trigger(work, now_)) {
      const auto& deadline = work.policy.get().deadline;
      if (deadline) set_alarm(row, work.enqueued_at + *deadline);
    } else if (work.due > now_) {
      timers_[work.owner].insert(row);
    } else if (!starts_on_word(work) || words_.contains(work.id)) {
      lanes_[lane_of(work, now_)].insert(row);
      set_alarm(row, earliest(needs_change_at(work, work.policy, now_), word_ends(work)));
    }
  }
}

void Agenda::remove(Row& row) {
  if (row.is_linked()) row.unlink();
  set_alarm(row, {});
  if (is_named(row.work)) count_named(row.work.run_policy, -1);
  if (row.work.state == WorkState::running && running_.erase(row.work.id) > 0) {
    count_run(running_of_, row.work.owner, -1);
    count_run(groups_[group_of(row.work.run_policy.get().group)].running, row.work.owner, -1);
  }
}

void Agenda::move_on(TimePoint now) {
  gates_.move_on(now);
  const bool backwards = now < std::exchange(now_, now);
  if (std::exchange(zone_changes_, false) || backwards) place_anew();
  for (auto of_owner = timers_.begin(); of_owner != timers_.end();) {
    Queue& queue = of_owner->second;
    while (!queue.empty() && queue.begin()->work.due <= now) {
      place(*queue.begin());
    }
    of_owner = queue.empty() ? timers_.erase(of_owner) : std::next(of_owner);
  }
  for (auto alarm = alarms_.begin(); alarm != alarms_.end() && alarm->first <= now;) {
    Row& row = *alarm->second;
    ++alarm;
    place(row);  // A limit stays where it is, behind us, until it is obeyed.
  }
  std::erase_if(lanes_, [](const auto& lane) { return lane.second.empty(); });
  if (gates_.are_crowded()) forget_gates();
}

// Puts it in its place of now_. A word that is too old is forgotten here, so that no lane has a job
// that lacks one once the time has moved on.
void Agenda::place(Row& row) {
  remove(row);
  if (row.work.state != WorkState::running && lacks_word(row.work, now_)) words_.erase(row.work.id);
  add(row);
}

// Nobody needs the gate of a lane that is gone.
void Agenda::forget_gates() {
  std::set<Gates::Id> used;
  for (const auto& [key, lane] : lanes_) used.insert(key.gate);
  gates_.keep_only(used);
}

// The clock was set back: due times may lie ahead again, and constraints may matter again. Or there
// is another zone.
void Agenda::place_anew() {
  std::set<Row*> rows;
  for (auto& [key, lane] : lanes_) {
    for (Row& row : lane) rows.insert(&row);
  }
  for (const auto& [time, row] : alarms_) rows.insert(row);
  for (Row* row : rows) place(*row);
}

std::optional<TimePoint> Agenda::time_is_up(const Work& work) const {
  const Duration limit = work.run_policy.get().time_limit.value_or(time_limit_);
  if (limit <= Duration::zero()) return std::nullopt;
  return TimePoint{work.began + clock_offset_} + limit;
}

void Agenda::hear(const Work& run, Duration since_boot) {
  if (run.run_policy.get().watchdog <= Duration::zero()) return;
  Duration& last = heard_[run.id];
  last = std::max(last, since_boot);
}

void Agenda::keep_alive(Row& row, Duration since_boot) {
  if (!row.work.policy.get().while_kept_alive) return;
  const auto [found, first] = words_.try_emplace(row.work.id, since_boot, since_boot);
  OwnersWord& word = found->second;
  if (word.last + row.work.policy.get().watchdog <= since_boot) word.since = since_boot;
  word.last = std::max(word.last, since_boot);
  if (!first || row.work.state != WorkState::enqueued) return;
  remove(row);
  add(row);
}

bool Agenda::starts_on_word(const Work& work) const {
  return work.policy.get().while_kept_alive && !silence_allowed_;
}

std::optional<TimePoint> Agenda::word_ends(const Work& work) const {
  const auto word = words_.find(work.id);
  if (!starts_on_word(work) || word == words_.end()) return std::nullopt;
  return TimePoint{word->second.last + clock_offset_} + work.policy.get().watchdog;
}

bool Agenda::lacks_word(const Work& work, TimePoint now) const {
  return starts_on_word(work) && word_ends(work).value_or(now) <= now;
}

std::optional<TimePoint> Agenda::kept_alive_since(const Work& work, TimePoint now) const {
  if (!starts_on_word(work)) return TimePoint{};
  if (lacks_word(work, now)) return std::nullopt;
  return TimePoint{words_.at(work.id).since + clock_offset_};
}

// An earlier run ended before this one began, so what it said is no longer there.
Duration Agenda::heard_at(const Work& run) const {
  std::optional<Duration> last;
  if (const auto of_run = heard_.find(run.id); of_run != heard_.end()) last = of_run->second;
  if (!run.run_policy.get().while_kept_alive) return std::max(last.value_or(run.began), run.began);
  if (const auto word = words_.find(run.id); word != words_.end())
    last = std::max(last.value_or(word->second.last), word->second.last);
  return last.value_or(run.began);
}

std::optional<TimePoint> Agenda::silence_ends(const Work& run) const {
  const Duration most = run.run_policy.get().watchdog;
  if (silence_allowed_ || most <= Duration::zero()) return std::nullopt;
  return TimePoint{heard_at(run) + clock_offset_} + most;
}

const RunsOfOwners& Agenda::running_in(const std::string& group) const {
  static const RunsOfOwners kNone;
  const auto found = group_ids_.find(group);
  return found == group_ids_.end() ? kNone : groups_[found->second].running;
}

int Agenda::running_of(uid_t owner) const {
  const auto found = running_of_.find(owner);
  return found == running_of_.end() ? 0 : found->second;
}

std::optional<TimePoint> Agenda::next_alarm() const {
  return alarms_.empty() ? std::nullopt : std::optional(alarms_.begin()->first);
}

TimePoint Agenda::opened_at(const Work& work, TimePoint now) const {
  return gates_.since(needs_of(work, work.policy, now));
}

LaneKey Agenda::lane_of(const Work& work, TimePoint now) {
  const Policy& policy = work.policy;
  LaneKey key;
  key.owner = work.owner;
  key.priority = policy.priority;
  key.group = group_of(policy.group);
  if (is_forced(work, policy, now)) {
    key.rank = Rank::forced;
    return key;
  }
  key.gate = gates_.find(needs_of(work, policy, now));
  key.settling = work.settling;
  if (policy.expedited) {
    key.rank = Rank::expedited;
    key.drop = policy.out_of_quota == OutOfQuota::drop;
  }
  return key;
}

std::uint32_t Agenda::group_of(const std::string& name) {
  const auto [found, fresh] =
      group_ids_.try_emplace(name, static_cast<std::uint32_t>(groups_.size()));
  if (fresh) groups_.push_back({name, {}});
  return found->second;
}

void Agenda::count_named(const Policy& policy, int works) {
  const auto count = [&](const Constraints& constraints) {
    if (constraints == Constraints{}) return;
    const auto [found, fresh] = named_.try_emplace(constraints, 0);
    found->second += works;
    if (found->second == 0) named_.erase(found);
  };
  count(policy.constraints);
  for (const Preference& preference : policy.prefer) count(preference.constraints);
}

void Agenda::set_alarm(Row& row, std::optional<TimePoint> time) {
  if (const auto before = alarm_of_.find(&row); before != alarm_of_.end()) {
    alarms_.erase({before->second, &row});
    alarm_of_.erase(before);
  }
  if (!time) return;
  alarms_.emplace(*time, &row);
  alarm_of_.emplace(&row, *time);
}

}  // namespace wm
