// Decides whether the machine is unattended: by logind's sessions, or without logind by the last
// use of terminals and input devices and by the load.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/settings.h"
#include "daemon/probes/input_devices.h"
#include "daemon/probes/probe.h"
#include "daemon/system/bus.h"

namespace wm {

struct IdleFacts {
  bool answered = true;               // logind has answered, or does not run.
  bool inhibited = false;             // Something inhibits idleness: a film, a presentation.
  std::int64_t sessions = 0;          // The number that logind counts.
  bool hint = false;                  // All of them are idle.
  TimePoint hint_since{};             // They have been idle since then.
  std::optional<TimePoint> last_use;  // The last use of a terminal or an input device.
  double load = 0;                    // The last minute's, per processor, without our own runs.
  TimePoint started{};                // Nothing is known of the time before.
};

struct IdleJudgement {
  bool idle = false;
  std::string source;
  std::string detail;
  std::optional<TimePoint> changes;  // The time at which it changes without an event.
};

IdleJudgement judge_idle(const IdleFacts& facts, const IdleSettings& settings, TimePoint now);

class IdleProbe : public Probe {
 public:
  /// `own_runs` returns how many of our children run; each may be a load of 1.
  IdleProbe(boost::asio::io_context& loop, Bus& bus, const IdleSettings& settings,
            std::function<int()> own_runs, Report report);

  void set_wanted(const Constraints& wanted) override;
  void measure() override;

 private:
  void look_again(TimePoint now, std::optional<TimePoint> changes);

  std::optional<TimePoint> last_use();

  boost::asio::io_context& loop_;
  Bus& bus_;
  const IdleSettings& settings_;
  std::function<int()> own_runs_;
  Report report_;
  TimePoint started_;
  std::unique_ptr<BusObject> logind_;      // Set only while a job needs idleness.
  std::unique_ptr<InputDevices> devices_;  // Set only while it does and there is no logind.
  boost::asio::steady_timer again_;
};

}  // namespace wm
