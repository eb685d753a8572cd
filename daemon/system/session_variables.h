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

/// This process's own LANG and LC_*.
Variables locale_variables();

/// XDG_RUNTIME_DIR and DBUS_SESSION_BUS_ADDRESS of a user who has a directory in `parent`, where
/// logind makes one while that user is logged in or lingers. A directory or a bus that belongs to
/// anybody else, or that a link leads to, is not given. Never blocks.
Variables runtime_variables(uid_t uid, const std::filesystem::path& parent = "/run/user");

/// The variables of the daemon's own user: the values of the user's systemd, if there is one on the
/// session bus, because desktops give it their DISPLAY and others after the login; otherwise those
/// of this process. systemd announces no change, so it is asked before runs start.
class SessionVariables {
 public:
  explicit SessionVariables(boost::asio::io_context& loop);

  /// True while there is a bus to ask on, and it answers.
  bool can_ask();
  /// Calls `known` once the present values are here, or after a second. May call it from within
  /// this function.
  void ask(std::function<void()> known);

  /// The last known values, with LANG and LC_*.
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
  Variables heard_;                            // The last values from systemd; empty: none.
  std::vector<std::function<void()>> asking_;  // They are told of the next answer.
  std::vector<std::function<void()>> next_;    // They are told of the one after it.
  bool sending_ = false;
  BusSlot call_;
  // Until then it is not asked, because it did not answer.
  std::chrono::steady_clock::time_point silent_until_;
};

}  // namespace wm
