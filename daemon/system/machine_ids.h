// Which machine this is, which boot of it, and how many processors it has.
#pragma once

#include <cstdint>
#include <string>

namespace wm {

/// The same on each boot, and another on other machines; where the machine has no id, another each
/// time.
std::uint64_t machine_id();

/// Names this boot; empty: unknown.
std::string boot_id();

/// At least 1.
int processors();

}  // namespace wm
