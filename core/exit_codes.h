// Sets of exit statuses, written as lists and ranges: `2,64-78`.
#pragma once

#include <bitset>
#include <string>
#include <string_view>

#include "core/error.h"

namespace wm {

using ExitCodes = std::bitset<256>;

/// Numbers 0 to 255 and ranges, separated by commas.
Result<ExitCodes> parse_exit_codes(std::string_view text);

/// The shortest list that parse_exit_codes() reads back; empty for the empty set.
std::string format_exit_codes(const ExitCodes& codes);

}  // namespace wm
