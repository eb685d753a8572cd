// The identity of the machine that an agent runs on.
#pragma once

#include <string>

namespace wm::fleet {

/// Stays the same across boots, and differs from other machines'. It does not tell the machine's
/// id, which is nobody else's business; a machine without one goes by its host name.
std::string this_machine();

}  // namespace wm::fleet
