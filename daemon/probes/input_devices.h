// The last use of a key, a button or a touch screen of the machine, as far as the daemon may read
// its input devices. The input itself is thrown away unread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/time.h"

namespace wm {

class InputDevices {
 public:
  /// `used` is called at the first use, and then at most once per `pause`.
  InputDevices(boost::asio::io_context& loop, std::function<void()> used,
               Duration pause = std::chrono::seconds{10},
               std::filesystem::path nodes = "/dev/input",
               std::filesystem::path classes = "/sys/class/input");

  /// Opens new devices.
  void refresh();

  std::optional<TimePoint> last_use() const { return last_use_; }

 private:
  struct Device {
    Device(boost::asio::io_context& loop, int fd) : events(loop, fd), rest(loop) {}
    boost::asio::posix::stream_descriptor events;
    boost::asio::steady_timer rest;
  };

  bool is_for_hands(const std::string& name) const;
  void listen(const std::string& name);
  void take(const std::string& name);

  boost::asio::io_context& loop_;
  std::function<void()> used_;
  Duration pause_;
  std::filesystem::path nodes_;
  std::filesystem::path classes_;
  std::map<std::string, Device> devices_;
  std::optional<TimePoint> last_use_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wm
