#include "tests/support/world.h"

#include <stdexcept>

namespace wm {
namespace {

constexpr int kMostTurnsAtOnce = 10'000;

}  // namespace

WorkRequest oneoff(const std::string& name) {
  WorkRequest request;
  request.unique_name = name;
  request.command = {"/bin/true"};
  return request;
}

WorkRequest periodic(const std::string& name, Duration every) {
  WorkRequest request = oneoff(name);
  request.kind = WorkKind::periodic;
  request.every = every;
  return request;
}

Conditions good_conditions() {
  return {.network = NetworkReading{.connected = true},
          .holds = {{Constraint::charging, true},
                    {Constraint::battery_not_low, true},
                    {Constraint::storage_not_low, true},
                    {Constraint::idle, true}}};
}

World::World(int max_parallel) {
  settings.run.max_parallel = max_parallel;
  start_daemon();
}

void World::start_daemon(const std::optional<boost::json::array>& children) {
  manager_ =
      std::make_unique<WorkManager>(store, runner, settings, Machine{.zone = zone, .boot = boot});
  manager_->set_clock_offset(clock_offset);
  manager_->recover(now, children);
  after_restart();
}

WorkId World::enqueue(const WorkRequest& request, ExistingPolicy existing, uid_t owner) {
  Result<Registered> registered;
  const Change change{
      [&] { registered = manager_->registrar().add({owner, "uuid", request, existing}, now); }};
  if (!turn(std::span(&change, 1)) || !registered) return 0;
  take_turns();
  return registered->id;
}

bool World::change(const std::function<void(WorkManager&)>& body) {
  const Change change{[&] { body(*manager_); }};
  if (!turn(std::span(&change, 1))) return false;
  take_turns();
  return true;
}

void World::cancel(WorkId id) {
  change([&](WorkManager& manager) { manager.cancel(id, now); });
}

void World::advance(Duration time) {
  const TimePoint until = now + time;
  for (take_turns();; take_turns()) {
    auto next = manager_->next_wakeup();
    const auto end = runner.next_end();
    if (end && (!next || *end < *next)) next = end;
    if (store.full && (!next || *next <= now)) next = now + 1s;  // The daemon tries again, too.
    if (!next || *next > until) break;
    if (*next <= now) throw std::logic_error("a turn has left something undone");
    now = *next;
  }
  now = until;
  take_turns();
}

void World::take_turns() {
  const auto more = [this] {
    const auto end = runner.next_end();
    const auto next = manager_->next_wakeup();
    return manager_->has_unsaved_ends() || (end && *end <= now) || (next && *next <= now);
  };
  int turns = 0;
  do {
    runner.live();
    if (++turns > kMostTurnsAtOnce) {
      throw std::logic_error("the scheduler wants to be woken for nothing");
    }
  } while (turn({}) && more());
}

void World::set_clock(TimePoint time) {
  const Duration step = time - now;
  now = time;
  clock_offset += step;
  runner.clock_was_set(step);
  manager_->set_clock_offset(clock_offset);
  manager_->clock_was_set();
  take_turns();
}

void World::crash() {
  manager_.reset();
  start_daemon();
  take_turns();
}

void World::hand_over() {
  const boost::json::array children = manager_->hand_over();
  manager_.reset();
  start_daemon(children);
  take_turns();
}

void World::shut_down() {
  manager_->shut_down();
  take_turns();
}

void World::change_path(WorkId id) {
  manager_->paths_changed(id);
  take_turns();
}

void World::hear(WorkId id) {
  manager_->heard(id);
  take_turns();
}

void World::keep_alive(WorkId id) {
  manager_->kept_alive(id);
  take_turns();
}

// Returns whether it could be committed.
bool World::turn(std::span<const Change> changes) {
  if (!serve) manager_->settings_changed();
  manager_->set_conditions(conditions, now);
  if (serve) return serve();
  TurnReport report;
  try {
    report = manager_->decide(now, changes);
  } catch (const StoreError&) {
    return false;
  }
  write_down(report);
  if (dies()) {
    start_daemon();
    return turn({});  // A daemon's first turn.
  }
  manager_->act();
  after_turn(report);
  return true;
}

void World::write_down(const TurnReport& report) {
  if (!writes_down) return;
  for (const Work& work : report.changed) {
    const auto [last, first] = last_states_.try_emplace(work.id, WorkState::enqueued);
    const std::string when = "+" + format_duration(now - began_) + " #" + std::to_string(work.id);
    if (first) transcript_ += when + " enqueued\n";
    if (last->second == work.state) continue;
    transcript_ += when + " " + std::string(word(last->second)) + " -> " +
                   std::string(word(work.state)) + "\n";
    last->second = work.state;
  }
}

}  // namespace wm
