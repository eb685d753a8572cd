// The scheduler alone: the cost of one event.

#include "core/scheduler.h"

#include <chrono>
#include <functional>
#include <vector>

#include <malloc.h>

#include "bench/figures.h"
#include "bench/timing.h"
#include "tests/support/now.h"

namespace wm {
namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr int kEvents = 2000;
constexpr int kFreed = 10;  // Jobs that one change of conditions frees.
std::size_t allocated() { return ::mallinfo2().uordblks; }

// A machine with `waiting` jobs: a third waits for its time, a third for the network, a third for a
// slot of a paused group, at all priorities.
class Machine {
 public:
  explicit Machine(int waiting) : scheduler_({.max_parallel = 100}) {
    scheduler_.set_conditions(conditions_, now_);
    scheduler_.pause("later", {});
    const std::size_t before = allocated();
    for (int i = 0; i < waiting; ++i) {
      Policy policy;
      policy.priority = i % 21 - 10;
      policy.constraints.set(Constraint::charging, i % 2 == 0);
      if (i % 3 == 1) policy.constraints.network = NetworkType::connected;
      if (i % 3 == 2) policy.group = "later";
      restore(policy, i % 3 == 0 ? kNow + 24h + i * 1ms : kNow);
    }
    scheduler_.plan(now_);
    scheduler_.accept();
    bytes_each_ = static_cast<double>(allocated() - before) / waiting;
  }

  double bytes_each() const { return bytes_each_; }

  // A job becomes due and starts.
  double due() {
    const WorkId id = restore({}, now_ + 1s);
    now_ += 1s;
    const double time = timed([&] { scheduler_.plan(now_); });
    end(id);
    return time;
  }

  // A child ends.
  double child_end() {
    const WorkId id = restore({}, now_);
    scheduler_.plan(now_);
    scheduler_.accept();
    return timed([&] {
      scheduler_.run_ended(id, {}, {}, now_);
      scheduler_.plan(now_);
    });
  }

  // A condition changes, and jobs start.
  double change() {
    std::vector<WorkId> ids;
    for (int i = 0; i < kFreed; ++i)
      ids.push_back(restore({.constraints = {.flags = {Constraint::idle}}}, now_));
    scheduler_.plan(now_);
    conditions_.holds[Constraint::idle] = true;
    const double time = timed([&] {
      scheduler_.set_conditions(conditions_, now_);
      scheduler_.plan(now_);
    });
    for (const WorkId id : ids) end(id);
    conditions_.holds[Constraint::idle] = false;
    scheduler_.set_conditions(conditions_, now_);
    return time;
  }

 private:
  WorkId restore(const Policy& policy, TimePoint due) {
    Work work;
    work.id = ++last_id_;
    work.policy = work.run_policy = SharedPolicy(policy);
    work.enqueued_at = work.since = now_;
    work.due = due;
    scheduler_.restore(work);
    return work.id;
  }
  void end(WorkId id) {
    scheduler_.run_ended(id, {}, {}, now_);
    scheduler_.plan(now_);
    scheduler_.accept();
  }
  double timed(const std::function<void()>& body) {
    const auto began = Clock::now();
    body();
    const auto next = scheduler_.next_wakeup();
    scheduler_.accept();
    const double time = Microseconds(Clock::now() - began).count();
    return next ? time : time + 1e-9;  // The compiler must not drop the answer.
  }

  TimePoint now_ = kNow;
  Conditions conditions_{.network = NetworkReading{},
                         .holds = {{Constraint::charging, true}, {Constraint::idle, false}}};
  Scheduler scheduler_;
  WorkId last_id_ = 0;
  double bytes_each_ = 0;
};

}  // namespace

void bench_scheduler(Table& table) {
  Machine few(1000);
  Machine many(1'000'000);
  table.add(
      {"memory of a waiting job in the scheduler", many.bytes_each(), "B", "", 0, Bound{203}});
  const std::pair<const char*, double (Machine::*)()> events[]{
      {"a job becomes due, 1,000,000 waiting", &Machine::due},
      {"a child ends, 1,000,000 waiting", &Machine::child_end},
      {"a condition frees 10, 1,000,000 waiting", &Machine::change},
  };
  for (const auto& [name, event] : events) {
    std::vector<double> with_few;
    std::vector<double> with_many;
    for (int i = 0; i < kEvents; ++i) {
      with_few.push_back((few.*event)());
      with_many.push_back((many.*event)());
    }
    table.add({name, median(with_many), "us", "with 1,000", median(with_few), {}});
  }
}

}  // namespace wm
