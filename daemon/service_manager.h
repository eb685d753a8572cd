// What the daemon tells systemd of itself, where systemd started it.
#pragma once

#include <string>

namespace wm::service_manager {

void ready(const std::string& status);
void stopping();

}  // namespace wm::service_manager
