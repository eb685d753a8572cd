// Whether the machine is unattended: as logind says of its sessions; without any, by the last
// use of terminals and input devices, and the load.
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
  bool inhibited = false;             // Something holds idleness off: a film, a presentation.
  std::int64_t sessions = 0;          // Of logind.
  bool hint = false;                  // All of them are idle …
  TimePoint hint_since{};             // … since then.
  std::optional<TimePoint> last_use;  // Of a terminal or an input device.
  double load = 0;      // Over the last minute, for each processor; without our own runs.
  TimePoint started{};  // Nothing is known of what was before.
};

struct IdleJudgement {
  bool idle = false;
  std::string source;
  std::string detail;
  std::optional<TimePoint> changes;  // By the passing of time alone.
};

IdleJudgement judge_idle(const IdleFacts& facts, const IdleSettings& settings, TimePoint now);

class IdleProbe : public Probe {
 public:
  /// `own_runs`: how many children of ours are running, each of which may be a load of 1.
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
  std::unique_ptr<BusObject> logind_;      // Only while any work needs idleness …
  std::unique_ptr<InputDevices> devices_;  // … and of these there is no logind.
  boost::asio::steady_timer again_;
};

}  // namespace wm
