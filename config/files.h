// Which configuration files an instance reads.
#pragma once

#include <filesystem>
#include <vector>

#include "core/paths.h"

namespace wm {

/// Of `wmd.toml` and, for the system, `wmd.d/*.toml` in the order of their names, those that are
/// there; of `given` itself, if it is not empty, whether it is there or not.
Result<std::vector<std::filesystem::path>> configuration_files(Instance instance,
                                                               const Surroundings& surroundings,
                                                               const std::string& given);

}  // namespace wm
