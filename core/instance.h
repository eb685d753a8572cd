// The paths of a daemon's socket, state and configuration.
#pragma once

#include <string>

#include <sys/types.h>

#include "core/error.h"

namespace wm {

enum class Instance { user, system };

/// The environment that paths depend on, from getenv().
struct Surroundings {
  std::string runtime_dir;  // $XDG_RUNTIME_DIR
  std::string state_home;   // $XDG_STATE_HOME
  std::string config_home;  // $XDG_CONFIG_HOME
  std::string home;         // $HOME
  uid_t uid = 0;

  static Surroundings from(const char* (*get_variable)(const char* name), uid_t uid);
};

/// User: $XDG_RUNTIME_DIR/wm/wm.sock, else /tmp/wm-UID/wm.sock, whose directory must belong to the
/// user and be closed to others. System: /run/wm/wm.sock.
std::string socket_path(Instance instance, const Surroundings& surroundings);

/// User: $XDG_STATE_HOME/wm, else ~/.local/state/wm. System: /var/lib/wm. An error: neither is set.
Result<std::string> state_directory(Instance instance, const Surroundings& surroundings);

/// User: $XDG_CONFIG_HOME/wm, else ~/.config/wm. System: /etc/wm. The file in it is `wmd.toml`.
/// Empty: neither is set.
std::string configuration_directory(Instance instance, const Surroundings& surroundings);

}  // namespace wm
