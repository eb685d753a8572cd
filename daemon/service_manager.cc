#include "daemon/service_manager.h"

#include <systemd/sd-daemon.h>

namespace wm::service_manager {

void ready(const std::string& status) { sd_notify(0, ("READY=1\nSTATUS=" + status).c_str()); }

void stopping() { sd_notify(0, "STOPPING=1"); }

}  // namespace wm::service_manager
