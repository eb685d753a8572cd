#include "fleet/agent/this_machine.h"

#include <array>
#include <climits>

#include <systemd/sd-id128.h>
#include <unistd.h>

namespace wm::fleet {

std::string this_machine() {
  constexpr sd_id128_t kFleet =
      SD_ID128_MAKE(3d, 5c, 0e, 81, 7a, 4f, 4b, 1c, 9a, 62, d7, 2e, 58, b0, c9, 14);
  sd_id128_t id{};
  if (::sd_id128_get_machine_app_specific(kFleet, &id) >= 0) {
    std::array<char, SD_ID128_STRING_MAX> text{};
    return ::sd_id128_to_string(id, text.data());
  }
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size()) == 0 ? std::string("host ") + name.data() : "";
}

}  // namespace wm::fleet
