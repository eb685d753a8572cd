// Tells people what happens to jobs: on the desktop, and through the command of the configuration.
#pragma once

#include <deque>
#include <span>

#include <boost/json.hpp>

#include "config/settings.h"
#include "daemon/notify/desktop.h"
#include "daemon/store/store.h"
#include "daemon/system/helper_commands.h"

namespace wm {

class Notifier {
 public:
  Notifier(boost::asio::io_context& loop, HelperCommands& commands, Store& store,
           const Settings& settings)
      : commands_(commands), store_(store), settings_(settings), desktop_(loop) {}

  /// Passes on what a turn has committed. Never blocks, and drops events that come too fast. Throws
  /// StoreError.
  void tell(std::span<const StatusChange> changes, TimePoint now);

 private:
  bool has_command_for(WorkStatus status) const;
  void enqueue(std::string event);
  void run_next();

  HelperCommands& commands_;
  Store& store_;
  const Settings& settings_;
  DesktopNotifications desktop_;
  std::deque<std::string> events_;  // The command gets them one at a time.
  std::shared_ptr<HelperCommands::Run> command_;
  int dropped_ = 0;
};

}  // namespace wm
