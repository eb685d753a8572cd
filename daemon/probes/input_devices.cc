#include "daemon/probes/input_devices.h"

#include <array>
#include <fstream>

#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <unistd.h>

#include "core/text.h"
#include "daemon/system/clock.h"

namespace wm {
namespace {

enum class Read : std::uint8_t { nothing, events, gone };

Read read_events(int fd) {
  std::array<char, 4096> events;
  Read seen = Read::nothing;
  for (;;) {
    const ssize_t length = ::read(fd, events.data(), events.size());
    if (length > 0) {
      seen = Read::events;
    } else if (length < 0 && errno == EINTR) {
      continue;
    } else {
      const bool open = length < 0 && errno == EAGAIN;
      return open || seen == Read::events ? seen : Read::gone;
    }
  }
}

}  // namespace

InputDevices::InputDevices(boost::asio::io_context& loop, std::function<void()> used,
                           Duration pause, std::filesystem::path nodes,
                           std::filesystem::path classes)
    : loop_(loop),
      used_(std::move(used)),
      pause_(pause),
      nodes_(std::move(nodes)),
      classes_(std::move(classes)) {
  refresh();
}

// An accelerometer or a thermometer measures the machine, not people. If the kernel does not say
// what a device has, it counts.
bool InputDevices::is_for_hands(const std::string& name) const {
  std::ifstream file(classes_ / name / "device/capabilities/ev");
  std::string kinds;
  if (!std::getline(file, kinds)) return true;
  const auto bits = parse_number<unsigned>(kinds, 16).value_or(0);
  return (bits & (1U << EV_KEY)) != 0;
}

void InputDevices::refresh() {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(nodes_, none)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("event") || devices_.contains(name) || !is_for_hands(name)) continue;
    const int fd = ::open(entry.path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) continue;  // A user's own daemon can seldom read them; then terminals decide.
    devices_.try_emplace(name, loop_, fd);
    listen(name);
  }
}

void InputDevices::listen(const std::string& name) {
  devices_.at(name).events.async_wait(
      boost::asio::posix::descriptor_base::wait_read,
      [this, name, alive = std::weak_ptr(alive_)](const boost::system::error_code& cancelled) {
        if (!cancelled && !alive.expired()) take(name);
      });
}

void InputDevices::take(const std::string& name) {
  Device& device = devices_.at(name);
  const Read read = read_events(device.events.native_handle());
  if (read == Read::gone) {
    devices_.erase(name);
    return;
  }
  if (read == Read::nothing) return listen(name);
  // Somebody who types wakes the daemon once per pause, not at every key.
  device.rest.expires_after(pause_);
  device.rest.async_wait(
      [this, name, alive = std::weak_ptr(alive_)](const boost::system::error_code& cancelled) {
        if (!cancelled && !alive.expired()) listen(name);
      });
  last_use_ = wall_clock_now();
  used_();
}

}  // namespace wm
