// A D-Bus (sd-bus) on the loop. Every call is asynchronous and has a time limit: no service can
// hold up the daemon.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <poll.h>
#include <systemd/sd-bus.h>

namespace wm {

class BusObject;

/// A subscription or an unanswered call; it ends with this object.
class BusSlot {
 public:
  using Handler = std::function<void(sd_bus_message*)>;

  explicit operator bool() const { return static_cast<bool>(slot_); }

 private:
  friend class Bus;
  struct Unref {
    void operator()(sd_bus_slot* slot) const { sd_bus_slot_unref(slot); }
  };

  std::unique_ptr<Handler> handler_;
  std::unique_ptr<sd_bus_slot, Unref> slot_;
};

struct BusSignal {
  std::string service;
  std::string path;  // "": any object.
  std::string interface;
  std::string member;
  std::string first_argument;  // "": any argument.
};

struct BusMethod {
  std::string service;
  std::string path;
  std::string interface;
  std::string member;
};

enum class BusKind : std::uint8_t { system, session };

/// Says if a call may start its service.
enum class BusService : std::uint8_t { is_left_alone, is_started };

class Bus {
 public:
  using Arguments = std::function<void(sd_bus_message*)>;

  explicit Bus(boost::asio::io_context& loop, BusKind kind = BusKind::system);
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  /// Connects, unless that is done. False: there is no such bus. A broken connection is made again,
  /// a few times, as long as objects are followed.
  bool open();
  bool is_open() const { return bus_ != nullptr; }

  BusSlot on_signal(const BusSignal& signal, BusSlot::Handler handler);

  /// `answer` gets an error message if the service does not run, or does not answer in time.
  BusSlot call(const BusMethod& method, const Arguments& append, BusSlot::Handler answer,
               BusService service = BusService::is_left_alone);
  BusSlot call(const BusMethod& method, std::initializer_list<std::string> arguments,
               BusSlot::Handler answer);

 private:
  friend class BusObject;

  void process();
  void arm();
  void close();
  void drop_connection();
  void lose();
  void reconnect_later();

  BusKind kind_;
  boost::asio::posix::stream_descriptor readable_;
  boost::asio::steady_timer timeout_;
  boost::asio::steady_timer reconnect_;
  int reconnects_ = 0;  // The attempts since the last success.
  sd_bus* bus_ = nullptr;
  std::set<BusObject*> objects_;
};

/// Integers of all widths are int64: wm reads none that is larger.
using BusValue = std::variant<bool, std::int64_t, double, std::string>;

/// The properties of one interface of an object, followed while this exists: through the end and
/// the start of its service, and of the bus itself.
class BusObject {
 public:
  /// `changed` is called whenever any of this may have changed, but not by the constructor.
  /// `signals` of the interface announce properties that change without a PropertiesChanged.
  BusObject(Bus& bus, std::string service, std::string path, std::string interface,
            std::function<void()> changed, std::vector<std::string> signals = {});
  ~BusObject();
  BusObject(const BusObject&) = delete;
  BusObject& operator=(const BusObject&) = delete;

  /// True if the first answer is here, or it is known that none will come.
  bool answered() const { return answered_; }
  /// True if the service runs and has such an object.
  bool present() const { return !properties_.empty(); }

  // Nothing: it is absent, or has another type.
  std::optional<bool> flag(const std::string& name) const { return get<bool>(name); }
  std::optional<std::int64_t> number(const std::string& name) const {
    return get<std::int64_t>(name);
  }
  std::optional<double> real(const std::string& name) const { return get<double>(name); }
  std::optional<std::string> text(const std::string& name) const { return get<std::string>(name); }

  /// Asks again, for properties that change without a signal.
  void refresh();

 private:
  friend class Bus;

  template <class T>
  std::optional<T> get(const std::string& name) const {
    const auto found = properties_.find(name);
    const T* value = found == properties_.end() ? nullptr : std::get_if<T>(&found->second);
    return value ? std::optional<T>(*value) : std::nullopt;
  }

  void start();
  void lost();
  void take(std::map<std::string, BusValue> properties);

  Bus& bus_;
  std::string service_;
  std::string path_;
  std::string interface_;
  std::function<void()> changed_;
  bool following_ = false;
  bool answered_ = false;
  std::map<std::string, BusValue> properties_;
  std::vector<std::string> signals_;
  std::vector<BusSlot> subscriptions_;
  BusSlot asked_;
};

/// The elements of an array, map or struct that comes next in the message; reads each with `read`.
template <class Read>
bool read_container(sd_bus_message* message, char type, const char* contents, Read read) {
  if (sd_bus_message_enter_container(message, type, contents) <= 0) return false;
  if (type == SD_BUS_TYPE_ARRAY) {
    while (sd_bus_message_at_end(message, 0) == 0) {
      if (!read()) return false;
    }
  } else if (!read()) {
    return false;
  }
  return sd_bus_message_exit_container(message) >= 0;
}

/// Reads an `a{sv}`; values of types that wm does not read are left out. Nothing: it is no such
/// map.
std::optional<std::map<std::string, BusValue>> read_properties(sd_bus_message* message);

}  // namespace wm
