// Notifications on the desktop of the daemon's user: org.freedesktop.Notifications.
#pragma once

#include <deque>
#include <list>
#include <map>

#include "core/status.h"
#include "daemon/system/bus.h"

namespace wm {

class DesktopNotifications {
 public:
  explicit DesktopNotifications(boost::asio::io_context& loop) : bus_(loop, BusKind::session) {}

  /// Never blocks. If too many are on their way, or nobody shows any, the notification is dropped,
  /// and the log says so once.
  void show(WorkId work, WorkStatus status, const std::string& name, const std::string& text);

 private:
  struct Call {
    WorkId work = 0;
    BusSlot slot;
  };

  void answered(std::list<Call>::iterator call, sd_bus_message* answer);
  void cannot_be_shown(const std::string& why);
  void remember(WorkId work, std::uint32_t number);

  Bus bus_;
  std::list<Call> calls_;
  std::map<WorkId, std::uint32_t> numbers_;  // A job's next notification replaces its last.
  std::deque<WorkId> remembered_;            // Oldest first.
  bool told_why_ = false;
  bool told_dropped_ = false;
};

}  // namespace wm
