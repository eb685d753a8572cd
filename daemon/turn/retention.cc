#include "daemon/turn/retention.h"

#include <algorithm>

#include "daemon/turn/log_space.h"

namespace wm {
namespace {

// The most jobs that one turn forgets, or looks at; the next turns do the rest.
constexpr int kPrunedAtOnce = 1000;
// Changes of conditions are forgotten an hour late: many of them at a time.
constexpr Duration kChangesTogether = 1h;

}  // namespace

void Retention::settings_changed() {
  if (std::exchange(keep_limits_, settings_.keep) != settings_.keep) logs_fit_ = false;
}

void Retention::begin_turn() {
  asked_.clear();
  touched_.clear();
  forgotten_ = {};
  forgot_changes_ = false;
}

void Retention::prune(std::optional<uid_t> owner, WorkId after, Forgotten forgotten) {
  asked_.push_back({owner, after, std::move(forgotten)});
}

void Retention::forget(const std::vector<ForgottenRun>& runs) {
  forgotten_.runs.insert(forgotten_.runs.end(), runs.begin(), runs.end());
}

void Retention::forget_state(StateId id) {
  store_.forget_state(id);
  forgotten_.states.push_back(id);
}

void Retention::end_turn(const Decisions& decisions, bool has_changes, TimePoint now) {
  forget_finished(decisions, now);
  forget_changes(now);
  keep_logs();
  const auto has_ended = [](const Work& work) { return is_finished(work.state); };
  const bool moves =
      is_over(now) || has_changes || std::ranges::any_of(decisions.changed, has_ended);
  expiry_after_ = moves ? store_.next_expiry() : next_expiry_;
}

// Spares the jobs that the turn has touched: somebody is about to be told of them.
void Retention::forget_finished(const Decisions& decisions, TimePoint now) {
  if (!is_over(now) && asked_.empty()) return;
  for (const Work& work : decisions.changed) {
    if (is_finished(work.state)) touched_.insert(work.id);
  }
  for (const Asked& asked : asked_) {
    const Pruned pruned = store_.prune(asked.owner, asked.after, kPrunedAtOnce, touched_,
                                       settings_.history.keep_state);
    forget(pruned.runs);
    asked.forgotten(pruned);
  }
  if (!is_over(now)) return;
  const Duration keep_state = settings_.history.keep_state;
  forget(store_.expire(now, kPrunedAtOnce, touched_, keep_state).runs);
  const std::vector<StateId> states = store_.expire_states(now, kPrunedAtOnce, keep_state);
  forgotten_.states.insert(forgotten_.states.end(), states.begin(), states.end());
}

std::optional<TimePoint> Retention::change_expiry() const {
  if (!oldest_change_) return std::nullopt;
  const Duration keep = settings_.history.conditions;
  return *oldest_change_ + (keep > Duration::zero() ? keep + kChangesTogether : 1ms);
}

void Retention::forget_changes(TimePoint now) {
  if (const auto expiry = change_expiry(); !expiry || *expiry > now) return;
  store_.forget_condition_changes(now - settings_.history.conditions, kPrunedAtOnce);
  oldest_after_ = store_.oldest_condition_change();
  forgot_changes_ = true;
}

std::optional<TimePoint> Retention::next_expiry() const {
  return earliest(next_expiry_, change_expiry());
}

// Removes the oldest logs if there is no room for all, some of them in the next turns.
void Retention::keep_logs() {
  for (const LoggedSize& one : logged_) store_.save_log_size(one.work, one.run, one.bytes);
  logs_will_fit_ = true;
  if (logs_fit_ && logged_.empty()) return;
  const RemovedLogs removed = make_room_for_logs(store_, settings_.keep, runner_.log_disk());
  forget(removed.runs);
  logs_will_fit_ = removed.all;
}

void Retention::committed() {
  keep_forgotten();
  next_expiry_ = expiry_after_;
  if (forgot_changes_) oldest_change_ = oldest_after_;
  logs_fit_ = logs_will_fit_;
  logged_.clear();
}

void Retention::recovered() {
  keep_forgotten();
  next_expiry_ = store_.next_expiry();
  oldest_change_ = store_.oldest_condition_change();
}

// The commit has taken them off the record: their files may go.
void Retention::keep_forgotten() {
  const Files gone = std::exchange(forgotten_, {});
  to_remove_.runs.insert(to_remove_.runs.end(), gone.runs.begin(), gone.runs.end());
  to_remove_.states.insert(to_remove_.states.end(), gone.states.begin(), gone.states.end());
}

void Retention::act() {
  const Files gone = std::exchange(to_remove_, {});
  for (const ForgottenRun& run : gone.runs) runner_.forget(run.work, run.run);
  for (const StateId id : gone.states) runner_.forget_state(id);
}

}  // namespace wm
