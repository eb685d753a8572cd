#include "daemon/notify/desktop.h"

#include <spdlog/spdlog.h>

namespace wm {
namespace {

constexpr std::size_t kMostCalls = 16;
constexpr std::size_t kMostRemembered = 100;

const BusMethod kNotify{"org.freedesktop.Notifications", "/org/freedesktop/Notifications",
                        "org.freedesktop.Notifications", "Notify"};

// The body may be read as markup: see the Desktop Notifications Specification.
std::string escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

// `Completed`, in the style of WorkManager's own handlers.
std::string title_of(WorkStatus status) {
  std::string title(word(status));
  title.front() = static_cast<char>(title.front() - 'a' + 'A');
  return title;
}

}  // namespace

void DesktopNotifications::show(WorkId work, WorkStatus status, const std::string& name,
                                const std::string& text) {
  if (!bus_.is_open()) calls_.clear();  // Nobody will answer those.
  if (calls_.size() == kMostCalls) {
    if (!std::exchange(told_dropped_, true)) {
      spdlog::warn("some desktop notifications are dropped: there are too many at once");
    }
    return;
  }
  if (!bus_.open()) return cannot_be_shown("there is no session bus");
  const auto number = numbers_.find(work);
  const std::uint32_t replaced = number == numbers_.end() ? 0 : number->second;
  const std::string title = title_of(status) + ": " + name;
  const std::string body = escaped(text);
  const char* const icon = status == WorkStatus::failed ? "dialog-error" : "dialog-information";
  const auto call = calls_.insert(calls_.end(), Call{work, {}});
  call->slot = bus_.call(
      kNotify,
      [&](sd_bus_message* message) {
        sd_bus_message_append(message, "susssasa{sv}i", "wm", replaced, icon, title.c_str(),
                              body.c_str(), 0, 0, -1);
      },
      [this, call](sd_bus_message* answer) { answered(call, answer); }, BusService::is_started);
  if (!call->slot) calls_.erase(call);
}

void DesktopNotifications::answered(std::list<Call>::iterator call, sd_bus_message* answer) {
  std::uint32_t number = 0;
  if (const sd_bus_error* error = sd_bus_message_get_error(answer)) {
    cannot_be_shown(error->message ? error->message : error->name);
  } else if (sd_bus_message_read_basic(answer, SD_BUS_TYPE_UINT32, &number) > 0) {
    remember(call->work, number);
    told_why_ = false;
  }
  calls_.erase(call);
  if (calls_.empty()) told_dropped_ = false;
}

void DesktopNotifications::cannot_be_shown(const std::string& why) {
  if (!std::exchange(told_why_, true)) spdlog::warn("no desktop notifications: {}", why);
}

void DesktopNotifications::remember(WorkId work, std::uint32_t number) {
  if (!numbers_.insert_or_assign(work, number).second) return;
  remembered_.push_back(work);
  if (remembered_.size() <= kMostRemembered) return;
  numbers_.erase(remembered_.front());
  remembered_.pop_front();
}

}  // namespace wm
