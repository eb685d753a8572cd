// Measures the machine's conditions while somebody needs them: those that jobs wait for and, for a
// while, those that somebody has asked about.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "config/settings.h"
#include "daemon/probes/probe.h"
#include "daemon/probes/sensors.h"
#include "daemon/system/helper_commands.h"
#include "daemon/system/helper_threads.h"
#include "daemon/system/sleep_watch.h"

namespace wm {

class Sensing {
 public:
  /// `own_runs` counts the runs that keep the machine busy: see IdleProbe.
  Sensing(boost::asio::io_context& loop, Bus& bus, HelperThreads& helpers, HelperCommands& commands,
          const Settings& settings, const std::filesystem::path& state_directory,
          std::function<int()> own_runs);

  Sensors& sensors() { return sensors_; }
  const Sensors& sensors() const { return sensors_; }

  /// Measures, in each turn, the conditions that jobs name and those of open questions.
  void want(const Constraints& of_works, const Constraints& asked, TimePoint now);
  /// The time at which it would want less if nothing happened before; nothing: it goes on.
  const std::optional<TimePoint>& asked_until() const { return asked_until_; }

  /// Measures everything wanted again.
  void measure();
  /// The same, if the machine has slept since; returns how long.
  Duration measure_after_sleep();
  /// Call after a run has ended: runs use space.
  void measure_storage();
  /// Call after the settings were read again.
  void settings_changed();

 private:
  Sensors sensors_;
  SleepWatch sleep_;
  std::shared_ptr<Probe> storage_;
  std::vector<std::shared_ptr<Probe>> probes_;
  Constraints wanted_;                    // The conditions that the probes measure.
  Constraints asked_;                     // The constraints that questions asked about recently.
  std::optional<TimePoint> asked_until_;  // Until then the next question may need them, too.
};

}  // namespace wm
