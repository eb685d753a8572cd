// Finds the configuration files that an instance reads.
#pragma once

#include <filesystem>
#include <vector>

#include "config/settings.h"
#include "core/instance.h"

namespace wm {

struct Configuration {
  std::vector<std::filesystem::path> files;  // The files that were read.
  Settings settings;
};

/// Reads `wmd.toml` and, for the system, `wmd.d/*.toml` in the order of their names, as far as they
/// exist; or only `given`, if it is not empty, whether it exists or not. If there is no place for a
/// configuration, the settings are the defaults.
Result<Configuration> load_configuration(Instance instance, const Surroundings& surroundings,
                                         const std::string& given);

}  // namespace wm
