// Reads whole files that people have named.
#pragma once

#include <filesystem>
#include <string>

#include "core/error.h"

namespace wm {

/// Returns the content. The error names the file: `cannot read PATH`.
Result<std::string> read_file(const std::filesystem::path& path);

}  // namespace wm
