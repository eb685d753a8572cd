#include "core/instance.h"

namespace wm {
namespace {

// The XDG base directories must be absolute; others are ignored. Empty: neither is set.
std::string under(const std::string& base, const std::string& home, const std::string& in_home) {
  if (base.starts_with('/')) return base + "/wm";
  if (home == "/") return in_home + "/wm";
  return home.starts_with('/') ? home + in_home + "/wm" : "";
}

}  // namespace

Surroundings Surroundings::from(const char* (*get_variable)(const char*), uid_t uid) {
  const auto read = [&](const char* name) {
    const char* value = get_variable(name);
    return std::string(value ? value : "");
  };
  return {read("XDG_RUNTIME_DIR"), read("XDG_STATE_HOME"), read("XDG_CONFIG_HOME"), read("HOME"),
          uid};
}

std::string socket_path(Instance instance, const Surroundings& surroundings) {
  if (instance == Instance::system) return "/run/wm/wm.sock";
  if (surroundings.runtime_dir.starts_with('/')) return surroundings.runtime_dir + "/wm/wm.sock";
  return "/tmp/wm-" + std::to_string(surroundings.uid) + "/wm.sock";
}

Result<std::string> state_directory(Instance instance, const Surroundings& surroundings) {
  if (instance == Instance::system) return "/var/lib/wm";
  std::string directory = under(surroundings.state_home, surroundings.home, "/.local/state");
  if (!directory.empty()) return directory;
  return fail(ErrorCode::invalid,
              "there is no place for the queue, because neither HOME nor XDG_STATE_HOME is an "
              "absolute path: say where to keep it with --state-dir DIR");
}

std::string configuration_directory(Instance instance, const Surroundings& surroundings) {
  if (instance == Instance::system) return "/etc/wm";
  return under(surroundings.config_home, surroundings.home, "/.config");
}

}  // namespace wm
