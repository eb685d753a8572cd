// Sizes in bytes, as people write and read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"

namespace wm {

/// `4096`, `64K`, `512M`, `2G`, `1T`; also with `iB`. Each unit is 1024 of the one before. Refused:
/// a sign, a fraction, an unknown unit, a size that does not fit.
Result<std::int64_t> parse_size(std::string_view text);

/// The shortest text that parse_size() reads as that size.
std::string format_size(std::int64_t bytes);

}  // namespace wm
