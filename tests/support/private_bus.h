// A private D-Bus in place of the machine's, with services that say what a test tells them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <systemd/sd-bus.h>

#include "daemon/system/bus.h"
#include "tests/support/temporary_directory.h"

namespace wm {

/// While it exists, whoever opens the system bus or the session's gets this one.
class PrivateBus {
 public:
  PrivateBus();
  ~PrivateBus();
  PrivateBus(const PrivateBus&) = delete;
  PrivateBus& operator=(const PrivateBus&) = delete;

  /// Kills it with SIGKILL, and starts a new one at the same address.
  void restart();
  const std::string& address() const { return address_; }

 private:
  void start();
  void stop();

  TemporaryDirectory directory_;
  std::string address_;
  pid_t pid_ = -1;
};

/// A service on that bus. The test pumps it: see run_until().
class FakeService {
 public:
  FakeService(const PrivateBus& bus, const std::string& name);
  ~FakeService();
  FakeService(const FakeService&) = delete;
  FakeService& operator=(const FakeService&) = delete;

  /// Sets a property, and signals the change.
  void set(const std::string& path, const std::string& interface, const std::string& property,
           const BusValue& value);
  void emit(const std::string& path, const std::string& interface, const std::string& signal,
            bool argument);
  /// Makes GetDeviceByIpIface(interface) answer with that path.
  void add_device(const std::string& interface, const std::string& path) {
    devices_[interface] = path;
  }
  /// Sets the property Environment of any object: NAME=VALUE. Like systemd, it signals nothing.
  void set_environment(std::vector<std::string> variables) { environment_ = std::move(variables); }
  /// The calls of Notify: `TITLE|BODY`, and the number of the one that it replaces.
  const std::vector<std::string>& shown() const { return shown_; }
  void pump();

 private:
  using Properties = std::map<std::string, BusValue>;

  static int take(sd_bus_message* message, void* self, sd_bus_error*);
  int reply(sd_bus_message* call);
  int reply_environment(sd_bus_message* call);

  sd_bus* bus_ = nullptr;
  std::map<std::pair<std::string, std::string>, Properties> objects_;
  std::map<std::string, std::string> devices_;
  std::vector<std::string> environment_;
  std::vector<std::string> shown_;
};

/// Turns the loop and the services until the condition holds. False: it does not after ten seconds.
bool run_until(boost::asio::io_context& loop, const std::vector<FakeService*>& services,
               const std::function<bool()>& reached);

}  // namespace wm
