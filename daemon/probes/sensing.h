// Measures the machine's conditions while somebody needs them: the probes for what works wait for,
// and for a while for what somebody has asked about.
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

  /// In each turn: measures what works name, and what questions that are open are about.
  void want(const Constraints& of_works, const Constraints& asked, TimePoint now);
  /// When it would want less if nothing happened before; nothing: it goes on.
  const std::optional<TimePoint>& asked_until() const { return asked_until_; }

  /// Measures all that is wanted, once more.
  void measure();
  /// The same, if the machine has slept since.
  void measure_after_sleep();
  /// Runs use space: after one has ended.
  void measure_storage();
  /// After the settings were read anew.
  void settings_changed();

 private:
  Sensors sensors_;
  SleepWatch sleep_;
  std::shared_ptr<Probe> storage_;
  std::vector<std::shared_ptr<Probe>> probes_;
  Constraints wanted_;                    // The probes measure that …
  Constraints asked_;                     // … because of this, which a question needed …
  std::optional<TimePoint> asked_until_;  // … lately: the next one may need it too.
};

}  // namespace wm
