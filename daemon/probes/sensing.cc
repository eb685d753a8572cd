#include "daemon/probes/sensing.h"

#include "daemon/probes/custom.h"
#include "daemon/probes/idle.h"
#include "daemon/probes/network.h"
#include "daemon/probes/power.h"
#include "daemon/probes/storage.h"
#include "daemon/system/clock.h"

namespace wm {
namespace {

// The conditions of a question stay measured for a while: the next one may ask the same.
constexpr Duration kAskedAgain = 5s;

}  // namespace

Sensing::Sensing(boost::asio::io_context& loop, Bus& bus, HelperThreads& helpers,
                 HelperCommands& commands, const Settings& settings,
                 const std::filesystem::path& state_directory, std::function<int()> own_runs)
    : sleep_(bus, [this] { measure(); }) {
  const auto report = [this](const Measurement& measurement) {
    sensors_.take(measurement, wall_clock_now());
  };
  storage_ = std::make_shared<StorageProbe>(loop, helpers, state_directory.string(),
                                            settings.storage, report);
  probes_ = {
      std::make_shared<NetworkProbe>(loop, bus, settings.network, report),
      std::make_shared<PowerProbe>(loop, bus, "/sys/class/power_supply", settings.battery, report),
      storage_, std::make_shared<IdleProbe>(loop, bus, settings.idle, std::move(own_runs), report),
      std::make_shared<CustomProbe>(loop, commands, settings.conditions, report)};
}

void Sensing::want(const Constraints& of_works, const Constraints& asked, TimePoint now) {
  if (asked != Constraints{}) {
    asked_ = either(asked_, asked);
    asked_until_ = now + kAskedAgain;
  } else if (asked_until_ && *asked_until_ <= now) {
    asked_ = {};
    asked_until_.reset();
  }
  const Constraints wanted = either(of_works, asked_);
  if (wanted == wanted_) return;
  wanted_ = wanted;
  sensors_.set_wanted(wanted);
  for (const auto& probe : probes_) probe->set_wanted(wanted);
  sleep_.set_wanted(wanted != Constraints{});
}

void Sensing::measure() {
  for (const auto& probe : probes_) probe->measure();
}

Duration Sensing::measure_after_sleep() {
  const Duration slept = sleep_.take_slept();
  if (slept > Duration::zero()) measure();
  return slept;
}

void Sensing::measure_storage() {
  if (wanted_.has(Constraint::storage_not_low)) storage_->measure();
}

void Sensing::settings_changed() {
  for (const auto& probe : probes_) probe->set_wanted(wanted_);
  measure();
}

}  // namespace wm
