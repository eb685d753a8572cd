// Which configuration files an instance reads.
#pragma once

#include <filesystem>
#include <vector>

#include "config/settings.h"
#include "core/paths.h"

namespace wm {

struct Configuration {
  std::vector<std::filesystem::path> files;  // That were read.
  Settings settings;
};

/// From `wmd.toml` and, for the system, `wmd.d/*.toml` in the order of their names, those that are
/// there; from `given` alone, if it is not empty, whether it is there or not. Where there is no
/// place for a configuration, there is none, and the settings are the defaults.
Result<Configuration> load_configuration(Instance instance, const Surroundings& surroundings,
                                         const std::string& given);

}  // namespace wm
