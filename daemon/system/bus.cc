#include "daemon/system/bus.h"

#include <chrono>
#include <cstring>

#include <spdlog/spdlog.h>

namespace wm {
namespace {

constexpr std::uint64_t kCallTimeoutUs = 5'000'000;

// Tries come after 1, 2, 4, … seconds. Then the bus counts as gone until somebody else asks for it.
constexpr int kMostReconnects = 7;

constexpr const char* kPropertiesInterface = "org.freedesktop.DBus.Properties";

std::string match(const BusSignal& signal) {
  std::string rule = "type='signal',sender='" + signal.service + "',interface='" +
                     signal.interface + "',member='" + signal.member + "'";
  if (!signal.path.empty()) rule += ",path='" + signal.path + "'";
  if (!signal.first_argument.empty()) rule += ",arg0='" + signal.first_argument + "'";
  return rule;
}

// The handler may end its own subscription, so a copy of it is called.
int dispatch(sd_bus_message* message, void* pointer, sd_bus_error*) {
  const auto handler = *static_cast<BusSlot::Handler*>(pointer);
  handler(message);
  return 0;
}

template <class Wire, class Value = std::int64_t>
std::optional<BusValue> read_basic(sd_bus_message* message, char type) {
  Wire value{};
  if (sd_bus_message_read_basic(message, type, &value) <= 0) return std::nullopt;
  return static_cast<Value>(value);
}

std::optional<BusValue> read_value(sd_bus_message* message, char type) {
  switch (type) {
    case SD_BUS_TYPE_BOOLEAN:
      return read_basic<int, bool>(message, type);
    case SD_BUS_TYPE_BYTE:
      return read_basic<std::uint8_t>(message, type);
    case SD_BUS_TYPE_INT32:
      return read_basic<std::int32_t>(message, type);
    case SD_BUS_TYPE_UINT32:
      return read_basic<std::uint32_t>(message, type);
    case SD_BUS_TYPE_INT64:
      return read_basic<std::int64_t>(message, type);
    case SD_BUS_TYPE_UINT64:
      return read_basic<std::uint64_t>(message, type);
    case SD_BUS_TYPE_DOUBLE:
      return read_basic<double, double>(message, type);
    case SD_BUS_TYPE_STRING:
    case SD_BUS_TYPE_OBJECT_PATH:
      return read_basic<const char*, std::string>(message, type);
    default:
      return std::nullopt;
  }
}

bool read_property(sd_bus_message* message, std::map<std::string, BusValue>& properties) {
  const char* name = nullptr;
  const char* contents = nullptr;
  char type = 0;
  if (sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &name) <= 0 ||
      sd_bus_message_peek_type(message, &type, &contents) <= 0 || type != SD_BUS_TYPE_VARIANT) {
    return false;
  }
  if (std::strlen(contents) != 1) return sd_bus_message_skip(message, "v") >= 0;
  const char value_type = *contents;
  return read_container(message, SD_BUS_TYPE_VARIANT, contents, [&] {
    auto value = read_value(message, value_type);
    if (value) properties[name] = std::move(*value);
    return value || sd_bus_message_skip(message, nullptr) >= 0;
  });
}

}  // namespace

std::optional<std::map<std::string, BusValue>> read_properties(sd_bus_message* message) {
  std::map<std::string, BusValue> properties;
  const auto read_entry = [&] {
    return read_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv",
                          [&] { return read_property(message, properties); });
  };
  if (!read_container(message, SD_BUS_TYPE_ARRAY, "{sv}", read_entry)) return std::nullopt;
  return properties;
}

Bus::Bus(boost::asio::io_context& loop, BusKind kind)
    : kind_(kind), readable_(loop), timeout_(loop), reconnect_(loop) {}

Bus::~Bus() { drop_connection(); }

bool Bus::open() {
  if (bus_) return true;
  const auto connect = kind_ == BusKind::system ? sd_bus_open_system : sd_bus_open_user;
  if (const int problem = connect(&bus_); problem < 0) {
    spdlog::debug("no bus: {}", std::strerror(-problem));
    bus_ = nullptr;
    return false;
  }
  readable_.assign(sd_bus_get_fd(bus_));
  arm();
  return true;
}

BusSlot Bus::on_signal(const BusSignal& signal, BusSlot::Handler handler) {
  BusSlot made;
  if (!bus_) return made;
  made.handler_ = std::make_unique<BusSlot::Handler>(std::move(handler));
  sd_bus_slot* slot = nullptr;
  sd_bus_add_match_async(bus_, &slot, match(signal).c_str(), dispatch, nullptr,
                         made.handler_.get());
  made.slot_.reset(slot);
  arm();
  return made;
}

BusSlot Bus::call(const BusMethod& method, std::initializer_list<std::string> arguments,
                  BusSlot::Handler answer) {
  const auto append = [&](sd_bus_message* call) {
    for (const std::string& argument : arguments) {
      sd_bus_message_append_basic(call, SD_BUS_TYPE_STRING, argument.c_str());
    }
  };
  return call(method, append, std::move(answer));
}

BusSlot Bus::call(const BusMethod& method, const Arguments& append, BusSlot::Handler answer,
                  BusService service) {
  BusSlot made;
  if (!bus_) return made;
  made.handler_ = std::make_unique<BusSlot::Handler>(std::move(answer));
  sd_bus_message* call = nullptr;
  sd_bus_slot* slot = nullptr;
  if (sd_bus_message_new_method_call(bus_, &call, method.service.c_str(), method.path.c_str(),
                                     method.interface.c_str(), method.member.c_str()) < 0) {
    return made;
  }
  append(call);
  sd_bus_message_set_auto_start(call, service == BusService::is_started ? 1 : 0);
  sd_bus_call_async(bus_, &slot, call, dispatch, made.handler_.get(), kCallTimeoutUs);
  sd_bus_message_unref(call);
  made.slot_.reset(slot);
  arm();
  return made;
}

void Bus::process() {
  int more = 0;
  while (bus_ && (more = sd_bus_process(bus_, nullptr)) > 0) {
  }
  if (!bus_) return;
  if (more < 0) {
    spdlog::info("the {} bus is gone: {}", kind_ == BusKind::system ? "system" : "session",
                 std::strerror(-more));
    return lose();
  }
  if (sd_bus_is_ready(bus_) > 0) reconnects_ = 0;
  arm();
}

void Bus::arm() {
  if (!bus_) return;
  const auto resume = [this](const boost::system::error_code& cancelled) {
    if (!cancelled) process();
  };
  readable_.cancel();
  const int events = sd_bus_get_events(bus_);
  readable_.async_wait(boost::asio::posix::descriptor_base::wait_read, resume);
  if (events >= 0 && (events & POLLOUT) != 0) {
    readable_.async_wait(boost::asio::posix::descriptor_base::wait_write, resume);
  }
  std::uint64_t until_us = 0;  // CLOCK_MONOTONIC
  if (sd_bus_get_timeout(bus_, &until_us) > 0 && until_us != UINT64_MAX) {
    timeout_.expires_at(std::chrono::steady_clock::time_point(std::chrono::microseconds(until_us)));
    timeout_.async_wait(resume);
  } else {
    timeout_.cancel();
  }
}

void Bus::lose() {
  close();
  const std::set<BusObject*> objects = objects_;
  for (BusObject* object : objects) {
    if (objects_.contains(object)) object->lost();  // One object may have ended another.
  }
  reconnect_later();
}

void Bus::reconnect_later() {
  if (objects_.empty() || reconnects_ == kMostReconnects) return;
  reconnect_.expires_after(std::chrono::seconds(1 << reconnects_++));
  reconnect_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    if (!open()) return reconnect_later();
    for (BusObject* object : objects_) {
      if (!object->following_) object->start();
    }
  });
}

void Bus::close() {
  timeout_.cancel();
  drop_connection();
}

void Bus::drop_connection() {
  if (readable_.is_open()) readable_.release();
  bus_ = sd_bus_close_unref(bus_);  // Not flushed: a bus that does not answer must hold up nobody.
}

BusObject::BusObject(Bus& bus, std::string service, std::string path, std::string interface,
                     std::function<void()> changed, std::vector<std::string> signals)
    : bus_(bus),
      service_(std::move(service)),
      path_(std::move(path)),
      interface_(std::move(interface)),
      changed_(std::move(changed)),
      signals_(std::move(signals)) {
  bus_.objects_.insert(this);
  if (bus_.open()) {
    start();
  } else {
    answered_ = true;
  }
}

BusObject::~BusObject() { bus_.objects_.erase(this); }

// Subscribe first, then read: nothing that changes in between is missed.
void BusObject::start() {
  following_ = true;
  const auto follow = [this](const BusSignal& signal) {
    subscriptions_.push_back(bus_.on_signal(signal, [this](sd_bus_message*) { refresh(); }));
  };
  follow({service_, path_, kPropertiesInterface, "PropertiesChanged", interface_});
  follow({"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
          "NameOwnerChanged", service_});
  for (const std::string& signal : signals_) follow({service_, path_, interface_, signal, ""});
  refresh();
}

void BusObject::refresh() {
  asked_ = bus_.call(
      {service_, path_, kPropertiesInterface, "GetAll"}, {interface_},
      [this](sd_bus_message* answer) {
        const bool failed = sd_bus_message_is_method_error(answer, nullptr) > 0;
        take(failed ? std::map<std::string, BusValue>()
                    : read_properties(answer).value_or(std::map<std::string, BusValue>()));
      });
}

void BusObject::lost() {
  following_ = false;
  subscriptions_.clear();
  asked_ = {};
  take({});
}

void BusObject::take(std::map<std::string, BusValue> properties) {
  const bool news = !std::exchange(answered_, true) || properties != properties_;
  properties_ = std::move(properties);
  if (!news) return;
  const auto changed = changed_;  // The call may end this object.
  changed();
}

}  // namespace wm
