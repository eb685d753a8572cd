#include "daemon/bus.h"

#include <chrono>
#include <cstring>
#include <string>

#include <spdlog/spdlog.h>

namespace wm {
namespace {

constexpr std::uint64_t kCallTimeoutUs = 5'000'000;

std::string match(const char* sender, const char* path, const char* interface, const char* member) {
  return std::string("type='signal',sender='") + sender + "',path='" + path + "',interface='" +
         interface + "',member='" + member + "'";
}

}  // namespace

Bus::Bus(boost::asio::io_context& loop) : readable_(loop), timeout_(loop) {}

Bus::~Bus() { close(); }

bool Bus::open_system(std::function<void()> lost) {
  close();
  if (const int problem = sd_bus_open_system(&bus_); problem < 0) {
    spdlog::debug("no system bus: {}", std::strerror(-problem));
    bus_ = nullptr;
    return false;
  }
  lost_ = std::move(lost);
  readable_.assign(sd_bus_get_fd(bus_));
  arm();
  return true;
}

Bus::Subscription& Bus::subscribe(std::function<void(sd_bus_message*)> handle) {
  return subscriptions_.emplace_back(std::move(handle));
}

namespace {

int dispatch(sd_bus_message* message, void* handler, sd_bus_error*) {
  (*static_cast<std::function<void(sd_bus_message*)>*>(handler))(message);
  return 0;
}

}  // namespace

void Bus::on_properties_changed(const char* service, const char* path,
                                std::function<void()> changed) {
  Subscription& subscription =
      subscribe([changed = std::move(changed)](sd_bus_message*) { changed(); });
  const std::string rule =
      match(service, path, "org.freedesktop.DBus.Properties", "PropertiesChanged");
  sd_bus_add_match_async(bus_, &subscription.slot, rule.c_str(), dispatch, nullptr,
                         &subscription.handle);
  arm();
}

void Bus::on_owner_changed(const char* service, std::function<void(bool)> changed) {
  Subscription& subscription = subscribe([changed = std::move(changed)](sd_bus_message* message) {
    const char* name = nullptr;
    const char* before = nullptr;
    const char* after = nullptr;
    if (sd_bus_message_read(message, "sss", &name, &before, &after) > 0) changed(*after != '\0');
  });
  const std::string rule = match("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                 "org.freedesktop.DBus", "NameOwnerChanged") +
                           ",arg0='" + service + "'";
  sd_bus_add_match_async(bus_, &subscription.slot, rule.c_str(), dispatch, nullptr,
                         &subscription.handle);
  arm();
}

void Bus::get_uint32(const char* service, const char* path, const char* interface,
                     const char* property,
                     std::function<void(std::optional<std::uint32_t>)> answer) {
  using Answer = std::function<void(std::optional<std::uint32_t>)>;
  auto pending = std::make_unique<Answer>(std::move(answer));
  const auto on_answer = [](sd_bus_message* message, void* pointer, sd_bus_error*) {
    std::uint32_t value = 0;
    const bool known = !sd_bus_message_is_method_error(message, nullptr) &&
                       sd_bus_message_read(message, "v", "u", &value) > 0;
    (*static_cast<Answer*>(pointer))(known ? std::optional(value) : std::nullopt);
    return 0;
  };
  sd_bus_message* call = nullptr;
  sd_bus_message_new_method_call(bus_, &call, service, path, "org.freedesktop.DBus.Properties",
                                 "Get");
  sd_bus_message_append(call, "ss", interface, property);
  sd_bus_message_set_auto_start(call, 0);  // Asking must not start the service.
  sd_bus_slot* slot = nullptr;
  const int sent = sd_bus_call_async(bus_, &slot, call, on_answer, pending.get(), kCallTimeoutUs);
  sd_bus_message_unref(call);
  if (sent >= 0) {
    // The slot owns the handler and goes with the answer, or with the connection.
    sd_bus_slot_set_destroy_callback(slot,
                                     [](void* pointer) { delete static_cast<Answer*>(pointer); });
    sd_bus_slot_set_floating(slot, 1);
    sd_bus_slot_unref(slot);
    pending.release();
  }
  arm();
}

void Bus::process() {
  int more = 0;
  while (bus_ && (more = sd_bus_process(bus_, nullptr)) > 0) {
  }
  if (!bus_) return;
  if (more < 0) {
    spdlog::info("the system bus is gone: {}", std::strerror(-more));
    const auto lost = std::exchange(lost_, nullptr);
    close();
    if (lost) lost();
    return;
  }
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

void Bus::close() {
  timeout_.cancel();
  if (readable_.is_open()) readable_.release();
  subscriptions_.clear();
  bus_ = sd_bus_flush_close_unref(bus_);
}

}  // namespace wm
