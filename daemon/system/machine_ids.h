// The identity of this machine and of this boot, and the number of processors.
#pragma once

#include <cstdint>
#include <string>

namespace wm {

/// A number that is the same on each boot, and different on other machines. A machine without an id
/// gets another one each time.
std::uint64_t machine_id();

/// Identifies this boot; empty: unknown.
std::string boot_id();

/// The number of processors, at least 1.
int processors();

}  // namespace wm
