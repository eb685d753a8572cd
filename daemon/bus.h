// A D-Bus connection (sd-bus) on the loop. Every call is asynchronous: no service can hold up the
// daemon.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <poll.h>
#include <systemd/sd-bus.h>

namespace wm {

class Bus {
 public:
  explicit Bus(boost::asio::io_context& loop);
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  /// Connects to the system bus; `lost` is called once if the connection breaks. False: there is
  /// none.
  bool open_system(std::function<void()> lost);

  /// Any property of the object has changed, on any of its interfaces.
  void on_properties_changed(const char* service, const char* path, std::function<void()> changed);
  /// The service has appeared, or gone.
  void on_owner_changed(const char* service, std::function<void(bool running)> changed);
  /// Nothing: the service does not run, does not answer in time, or has no such number.
  void get_uint32(const char* service, const char* path, const char* interface,
                  const char* property, std::function<void(std::optional<std::uint32_t>)> answer);

 private:
  struct Subscription {
    std::function<void(sd_bus_message*)> handle;
    sd_bus_slot* slot = nullptr;
    ~Subscription() { sd_bus_slot_unref(slot); }
  };

  Subscription& subscribe(std::function<void(sd_bus_message*)> handle);
  void process();
  void arm();
  void close();

  boost::asio::posix::stream_descriptor readable_;
  boost::asio::steady_timer timeout_;
  sd_bus* bus_ = nullptr;
  std::list<Subscription> subscriptions_;
  std::function<void()> lost_;
};

}  // namespace wm
