// Whole files, as people name them.
#pragma once

#include <filesystem>
#include <string>

#include "core/error.h"

namespace wm {

/// All that is in it. An error names the file: `cannot read PATH`.
Result<std::string> read_file(const std::filesystem::path& path);

}  // namespace wm
