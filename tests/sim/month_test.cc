// Months of simulated machines: random jobs, conditions, outcomes, crashes and commands, with every
// promise checked after every turn.
//
// A failing seed prints itself. WM_SEED=N sim_tests --gtest_filter='Month*' replays it alone;
// WM_SEEDS=N plays that many.
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "core/check.h"
#include "tests/support/backoff.h"
#include "tests/support/promises.h"

namespace wm {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kSeeds = 400;  // Each takes ten times as long.
#else
constexpr int kSeeds = 10'000;
#endif
constexpr int kShards = 20;
constexpr Duration kMonth = Days{30};

class Month {
 public:
  explicit Month(unsigned seed) : random_(seed), promises_(world_) {
    world_.writes_down = false;
    world_.settings.run.max_parallel = 1 + pick(3);
    world_.settings.run.max_parallel_total = 1 + pick(5);
    world_.settings.groups = {{"narrow", {1, chance(50)}}};
    world_.reload();
    world_.settings.history.max_runs = 20;
    world_.settings.expedited_budget = 30min;
    world_.runner.life = [this](const Launch& launch) { return random_life(launch.info.request); };
    world_.dies = [this] { return !well_ && dying_ && std::exchange(dying_, false); };
  }

  void live() {
    const TimePoint ends = world_.now + kMonth;
    for (int i = 0; i < 4; ++i) enqueue();
    while (world_.now < ends && !testing::Test::HasFailure()) {
      step();
      world_.advance(random_wait());
    }
  }

  // Afterwards, on a healthy machine, everything finishes.
  void finish() {
    well_ = true;
    dying_ = false;
    world_.conditions = good_conditions();
    world_.conditions.custom["vpn"] = true;
    world_.change([this](WorkManager& manager) {
      manager.resume("");
      manager.resume("narrow");
    });
    for (const WorkInfo& info : world_.store.list({})) {
      const bool endless = info.request.kind == WorkKind::periodic;
      if (endless || info.request.constraints.network == NetworkType::metered) {
        world_.cancel(info.work.id);
      }
      world_.change_path(info.work.id);
    }
    world_.advance(Days{10});
    for (const WorkInfo& info : world_.store.list({})) {
      ADD_FAILURE() << info.request.unique_name << " never finishes";
    }
  }

 private:
  int pick(int most) { return std::uniform_int_distribution(0, most)(random_); }
  bool chance(int percent) { return pick(99) < percent; }
  Duration random_wait() {
    return chance(50) ? Duration{pick(3'600'000)} : Duration{pick(64'800'000)};
  }

  Life random_life(const WorkRequest& request) {
    Life life;
    life.takes = Duration{chance(80) ? pick(600'000) : pick(18'000'000)};
    life.dying = Duration{pick(30'000)};
    life.finishes_when_stopped = chance(10);
    if (well_) {  // Otherwise a run that is longer than its limit would never succeed.
      if (request.time_limit) life.takes = std::min(life.takes, *request.time_limit / 2);
      if (request.watchdog > 0s) life.takes = std::min(life.takes, request.watchdog / 2);
      return life;
    }
    if (chance(35)) life.end.code = 75;
    if (chance(10)) life.end.code = 70;
    if (chance(5)) life.end = {ChildEnd::How::signalled, 11, ""};
    if (chance(3)) life.cannot_start = {ChildEnd::How::not_started, 0, "gone"};
    if (chance(3)) life.cannot_start = {ChildEnd::How::no_room, 0, "no memory"};
    return life;
  }

  Window random_window() {
    constexpr std::array kTexts{"22:00-06:00", "Mon-Fri 09:00-17:30", "Sat,Sun 00:00-24:00"};
    return checked(parse_window(kTexts.at(static_cast<std::size_t>(pick(2)))), "a window");
  }

  Constraints random_constraints() {
    Constraints constraints{.network = static_cast<NetworkType>(pick(4))};
    for (const Constraint one :
         {Constraint::charging, Constraint::battery_not_low, Constraint::storage_not_low}) {
      constraints.set(one, chance(20));
    }
    if (chance(10)) constraints.custom = {"vpn"};
    if (chance(15)) constraints.between = {random_window()};
    return constraints;
  }

  void add_period(WorkRequest& request) {
    request.kind = WorkKind::periodic;
    if (chance(20)) {
      request.calendar = "0 3 * * *";
      return;
    }
    request.every = 2h + Duration{pick(172'800'000)};
    if (chance(30)) request.flex = 5min + Duration{pick(3'600'000)};
    if (chance(40)) request.cadence = Cadence::fixed;
  }

  void add_one_off_terms(WorkRequest& request) {
    if (chance(20)) request.deadline = request.initial_delay + Duration{1 + pick(172'800'000)};
    request.expedited = chance(15) && request.initial_delay == Duration::zero();
    if (chance(50)) request.out_of_quota = OutOfQuota::drop;
    if (chance(15)) request.trigger.paths = {"/in"};
    for (int i = 0; i < 2 && chance(25); ++i) {
      const std::string name = random_name();
      const auto holder = world_.store.find(owner_, name);
      if (!holder || name == request.unique_name) continue;
      if (world_.store.info(*holder)->request.kind != WorkKind::periodic) {
        request.prerequisites.push_back(name);
      }
    }
  }

  std::string random_name() { return "work-" + std::to_string(pick(11)); }
  uid_t random_owner() { return 1000 + static_cast<uid_t>(pick(owners_)); }

  WorkRequest random_request() {
    WorkRequest request = oneoff(random_name());
    owner_ = random_owner();
    if (chance(30)) request.initial_delay = Duration{pick(86'400'000)};
    if (chance(30)) request.max_attempts = 1 + pick(4);
    if (chance(40)) {
      set_backoff(request, {static_cast<BackoffPolicy>(pick(1)), 10s + Duration{pick(600'000)}});
    }
    if (chance(60)) request.constraints = random_constraints();
    if (chance(15))
      request.prefer = {{{.flags = {Constraint::charging}}, Duration{1 + pick(86'400'000)}}};
    if (chance(10))
      request.prefer.push_back({{.between = {random_window()}}, 1min + random_wait()});
    if (chance(15)) request.time_limit = Duration{1 + pick(7'200'000)};
    if (chance(15)) request.watchdog = Duration{100 + pick(7'200'000)};
    if (chance(30)) request.priority = pick(20) - 10;
    if (chance(20)) request.group = chance(50) ? "narrow" : "wide";
    if (chance(20)) request.keep_results = Duration{pick(86'400'000)};
    request.exit_rules.retry_on_crash = chance(50);
    chance(30) ? add_period(request) : add_one_off_terms(request);
    if (request.calendar.empty() && chance(30)) request.time_zone = "America/New_York";
    if (chance(10) && !request.expedited) request.at = world_.now + Duration{pick(86'400'000)};
    return request;
  }

  void enqueue() {
    const WorkRequest request = random_request();
    const auto existing = static_cast<ExistingPolicy>(pick(5));
    if (!validate_existing(existing, request.kind)) return;
    world_.enqueue(request, existing, owner_);
  }

  void flip_a_condition() {
    Conditions& now = world_.conditions;
    switch (pick(4)) {
      case 0:
        now.network = NetworkReading{chance(70), chance(50), chance(20)};
        break;
      case 1:
        now.holds[Constraint::charging] = !now.holds[Constraint::charging].value_or(true);
        break;
      case 2:
        now.holds[Constraint::battery_not_low] =
            !now.holds[Constraint::battery_not_low].value_or(true);
        break;
      case 3:
        now.custom["vpn"] = chance(50);
        break;
      default:
        now.holds[Constraint::storage_not_low] =
            !now.holds[Constraint::storage_not_low].value_or(true);
    }
    world_.take_turns();
  }

  void command() {
    const auto holder = world_.store.find(random_owner(), random_name());
    if (!holder) return;
    const WorkId id = *holder;
    switch (pick(5)) {
      case 0:
        world_.cancel(id);
        break;
      case 4:
        world_.hear(id);
        break;
      case 1:
        world_.change_path(id);
        break;
      case 2:
        world_.change([&](WorkManager& manager) {
          if (manager.registrar().retry({id}, world_.now)) promises_.expect_return(id);
        });
        break;
      case 3:
        world_.change(
            [&](WorkManager& manager) { (void)manager.registrar().run_now(id, world_.now); });
        break;
      default:
        world_.change([&](WorkManager& manager) { manager.prune({}, 0, [](const Pruned&) {}); });
    }
  }

  void pause_or_resume() {
    const std::string group = chance(50) ? "narrow" : "";
    world_.change([&](WorkManager& manager) {
      if (chance(40)) {
        manager.pause(group, world_.now + Duration{1 + pick(7'200'000)});
      } else {
        manager.resume(group);
      }
    });
  }

  void set_clock() {
    constexpr int kMostMs = 2 * 86'400'000;
    world_.set_clock(world_.now + Duration{pick(2 * kMostMs) - kMostMs});
  }

  void crash() {
    if (chance(50)) {
      dying_ = true;  // It dies in the middle of the next turn that commits.
    } else {
      world_.crash();
    }
  }

  // For a while nothing can be saved, whatever happens.
  void fill_disk() {
    world_.store.full = true;
    for (int i = pick(3); i >= 0; --i) {
      enqueue();
      flip_a_condition();
      command();
      world_.advance(Duration{pick(120'000)});
    }
    world_.store.full = false;
    world_.take_turns();
  }

  void step() {
    switch (pick(9)) {
      case 0:
      case 1:
      case 2:
        return enqueue();
      case 3:
      case 4:
      case 5:
        return flip_a_condition();
      case 6:
      case 7:
        return command();
      case 8:
        return chance(80) ? pause_or_resume() : set_clock();
      default:
        return chance(70) ? crash() : fill_disk();
    }
  }

  std::mt19937 random_;
  int owners_ = pick(2);  // Besides the first.
  uid_t owner_ = 0;       // The owner of the request being made up.
  World world_;
  Promises promises_;
  bool well_ = false;
  bool dying_ = false;
};

int number_from(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::atoi(text) : otherwise;
}

class Months : public testing::TestWithParam<int> {};

TEST_P(Months, KeepThePromises) {
  const int only = number_from("WM_SEED", -1);
  const int first = only >= 0 ? only : GetParam();
  const int end = only >= 0 ? only + 1 : number_from("WM_SEEDS", kSeeds);
  if (only >= 0 && GetParam() != 0) return;
  for (int seed = first; seed < end && !HasFailure(); seed += kShards) {
    SCOPED_TRACE("WM_SEED=" + std::to_string(seed));
    Month month(static_cast<unsigned>(seed));
    month.live();
    if (!HasFailure()) month.finish();
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, Months, testing::Range(0, kShards));

}  // namespace
}  // namespace wm
