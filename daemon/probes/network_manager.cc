#include "daemon/probes/network_manager.h"

namespace wm {
namespace {

constexpr const char* kService = "org.freedesktop.NetworkManager";
constexpr const char* kPath = "/org/freedesktop/NetworkManager";

// NMMetered: 1 yes, 2 no, 3 guess-yes, 4 guess-no; 0 unknown.
std::optional<bool> meaning(std::uint32_t metered) {
  switch (metered) {
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

}  // namespace

NetworkManager::NetworkManager(boost::asio::io_context& loop, std::function<void()> changed)
    : bus_(loop), changed_(std::move(changed)) {}

void NetworkManager::watch() {
  if (watching_) return;
  // Without a system bus there is no NetworkManager to ask; the next work that cares tries again.
  watching_ = bus_.open_system([this] {
    watching_ = false;
    forget();
  });
  if (!watching_) return;
  // Subscribe first, then read: nothing that changes in between is missed.
  bus_.on_properties_changed(kService, kPath, [this] { ask(); });
  bus_.on_owner_changed(kService, [this](bool running) { running ? ask() : forget(); });
  ask();
}

void NetworkManager::ask() {
  bus_.get_uint32(
      kService, kPath, kService, "Metered",
      [this](std::optional<std::uint32_t> metered) { metered ? take(*metered) : forget(); });
}

void NetworkManager::take(std::uint32_t metered) {
  if (const auto now = meaning(metered); std::exchange(metered_, now) != now) changed_();
}

void NetworkManager::forget() {
  if (std::exchange(metered_, std::nullopt)) changed_();
}

}  // namespace wm
