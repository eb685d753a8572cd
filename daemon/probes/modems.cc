#include "daemon/probes/modems.h"

namespace wm {
namespace {

constexpr const char* kModemManager = "org.freedesktop.ModemManager1";
constexpr const char* kModemManagerPath = "/org/freedesktop/ModemManager1";
constexpr const char* kObjectManager = "org.freedesktop.DBus.ObjectManager";
constexpr const char* k3gpp = "org.freedesktop.ModemManager1.Modem.Modem3gpp";

// MMModem3gppRegistrationState: 5 roaming, 7 roaming for messages only, 10 roaming for calls only.
bool is_roaming(std::int64_t registration) {
  return registration == 5 || registration == 7 || registration == 10;
}

// GetManagedObjects: a{oa{sa{sv}}}.
bool any_roams(sd_bus_message* answer) {
  bool roaming = false;
  const auto read_interface = [&] {
    const char* interface = nullptr;
    if (sd_bus_message_read_basic(answer, SD_BUS_TYPE_STRING, &interface) <= 0) return false;
    const auto properties = read_properties(answer);
    if (!properties) return false;
    const auto state = properties->find("RegistrationState");
    if (std::string(interface) != k3gpp || state == properties->end()) return true;
    const auto* value = std::get_if<std::int64_t>(&state->second);
    roaming = roaming || (value && is_roaming(*value));
    return true;
  };
  const auto read_object = [&] {
    const char* path = nullptr;
    return sd_bus_message_read_basic(answer, SD_BUS_TYPE_OBJECT_PATH, &path) > 0 &&
           read_container(answer, SD_BUS_TYPE_ARRAY, "{sa{sv}}", [&] {
             return read_container(answer, SD_BUS_TYPE_DICT_ENTRY, "sa{sv}", read_interface);
           });
  };
  read_container(answer, SD_BUS_TYPE_ARRAY, "{oa{sa{sv}}}", [&] {
    return read_container(answer, SD_BUS_TYPE_DICT_ENTRY, "oa{sa{sv}}", read_object);
  });
  return roaming;
}

}  // namespace

Modems::Modems(Bus& bus, std::function<void()> changed)
    : bus_(bus),
      changed_(std::move(changed)),
      service_(bus, kModemManager, kModemManagerPath, kModemManager,
               [this] { service_changed(); }) {}

void Modems::service_changed() {
  if (!service_.present()) {
    asked_ = {};
    return take(false);
  }
  const auto again = [this](sd_bus_message*) { ask(); };
  registration_ = bus_.on_signal(
      {kModemManager, "", "org.freedesktop.DBus.Properties", "PropertiesChanged", k3gpp}, again);
  added_ = bus_.on_signal({kModemManager, kModemManagerPath, kObjectManager, "InterfacesAdded", ""},
                          again);
  removed_ = bus_.on_signal(
      {kModemManager, kModemManagerPath, kObjectManager, "InterfacesRemoved", ""}, again);
  ask();
}

void Modems::ask() {
  asked_ =
      bus_.call({kModemManager, kModemManagerPath, kObjectManager, "GetManagedObjects"}, {},
                [this](sd_bus_message* answer) {
                  take(sd_bus_message_is_method_error(answer, nullptr) == 0 && any_roams(answer));
                });
}

void Modems::take(bool roaming) {
  const bool first = !std::exchange(asked_once_, true);
  if (std::exchange(roaming_, roaming) != roaming || first) changed_();
}

}  // namespace wm
