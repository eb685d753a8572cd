// The variables by which a run finds its user's session: the bus, the screen, the agents.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/types.h>

#include "daemon/system/bus.h"

namespace wm {

using Variables = std::map<std::string, std::string>;

/// LANG and LC_* as this process has them.
Variables locale_variables();

/// XDG_RUNTIME_DIR and DBUS_SESSION_BUS_ADDRESS of a user who has a directory in `parent`, where
/// logind makes one while that user is logged in or lingers. What belongs to anybody else, and what
/// a link leads to, is not given. Never blocks.
Variables runtime_variables(uid_t uid, const std::filesystem::path& parent = "/run/user");

/// Of the daemon's own user: as the user's systemd has them, where there is one on the session bus,
/// for desktops tell it their DISPLAY and the rest after the login; what that lacks, as this
/// process was given it. systemd tells nobody of a change, so that it is asked before runs start.
class SessionVariables {
 public:
  explicit SessionVariables(boost::asio::io_context& loop);

  /// True while there is a bus to ask on, and it answers.
  bool can_ask();
  /// Calls `known` once they are what they are now, or after a second. May call it in here.
  void ask(std::function<void()> known);

  /// With LANG and LC_*; as last heard.
  Variables variables() const;

 private:
  void send();
  void take(sd_bus_message* answer);
  void give_up();
  void tell();

  boost::asio::io_context& loop_;
  Bus bus_;
  boost::asio::steady_timer limit_;
  Variables own_;
  bool of_another_ = false;                    // This process was given another user's session.
  Variables heard_;                            // From systemd; empty: there is none.
  std::vector<std::function<void()>> asking_;  // Are told of the next answer …
  std::vector<std::function<void()>> next_;    // … and of the one after it.
  bool sending_ = false;
  BusSlot call_;
  std::chrono::steady_clock::time_point silent_until_;  // It is not asked: it did not answer.
};

}  // namespace wm
