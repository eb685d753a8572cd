#include "daemon/probes/network_manager.h"

namespace wm {
namespace {

constexpr const char* kNetworkManager = "org.freedesktop.NetworkManager";
constexpr const char* kNetworkManagerPath = "/org/freedesktop/NetworkManager";
constexpr const char* kDevice = "org.freedesktop.NetworkManager.Device";
constexpr std::int64_t kActivated = 100;  // NM_DEVICE_STATE_ACTIVATED

// NMMetered: 1 yes, 2 no, 3 guess-yes, 4 guess-no; 0 unknown.
std::optional<bool> metered(std::int64_t value) {
  switch (value) {
    case 1:
    case 3:
      return true;
    case 2:
    case 4:
      return false;
    default:
      return std::nullopt;
  }
}

// NMConnectivityState: 0 unknown, 1 none, 2 portal, 3 limited, 4 full. A NetworkManager that has
// just started says none, beside an activated device, because it has not looked yet.
constexpr std::int64_t kNone = 1;
std::string trouble(std::int64_t connectivity) {
  switch (connectivity) {
    case 2:
      return "portal";
    case 3:
      return "limited";
    default:
      return "";
  }
}

}  // namespace

NetworkManager::NetworkManager(Bus& bus, std::function<void()> changed)
    : bus_(bus),
      changed_(std::move(changed)),
      manager_(bus, kNetworkManager, kNetworkManagerPath, kNetworkManager,
               [this] { manager_changed(); }) {}

void NetworkManager::look_at(const std::string& interface) {
  if (interface == interface_) return;
  interface_ = interface;
  device_.reset();
  find_device();
}

bool NetworkManager::answered() const {
  if (!manager_.answered()) return false;
  return !manager_.present() || interface_.empty() || (device_ ? device_->answered() : found_);
}

std::optional<NetworkManagerReading> NetworkManager::reading() const {
  if (!manager_.present() || !device_ || !device_->flag("Managed").value_or(false)) {
    return std::nullopt;
  }
  const std::string type = manager_.text("PrimaryConnectionType").value_or("");
  const std::int64_t connectivity = manager_.number("Connectivity").value_or(0);
  const bool checks = manager_.flag("ConnectivityCheckAvailable").value_or(false) &&
                      manager_.flag("ConnectivityCheckEnabled").value_or(false);
  return NetworkManagerReading{
      .activated = device_->number("State").value_or(0) == kActivated && connectivity != kNone,
      // Without a check, limited means that there was no default route at some earlier time.
      .trouble = checks ? trouble(connectivity) : "",
      .metered = metered(manager_.number("Metered").value_or(0)),
      .mobile = type == "gsm" || type == "cdma",
  };
}

// It may have started, ended, or just learnt of the interface.
void NetworkManager::manager_changed() {
  if (!manager_.present()) device_.reset();
  if (!device_) find_device();
  changed_();
}

void NetworkManager::find_device() {
  finding_ = {};
  found_ = false;
  if (interface_.empty() || !manager_.present()) return;
  finding_ = bus_.call(
      {kNetworkManager, kNetworkManagerPath, kNetworkManager, "GetDeviceByIpIface"}, {interface_},
      [this](sd_bus_message* answer) {
        const char* path = nullptr;
        found_ = true;
        if (sd_bus_message_is_method_error(answer, nullptr) == 0 &&
            sd_bus_message_read_basic(answer, SD_BUS_TYPE_OBJECT_PATH, &path) > 0) {
          device_ = std::make_unique<BusObject>(bus_, kNetworkManager, path, kDevice, changed_);
        } else {
          changed_();
        }
      });
}

}  // namespace wm
