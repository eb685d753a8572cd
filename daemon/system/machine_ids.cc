#include "daemon/system/machine_ids.h"

#include <algorithm>
#include <array>
#include <thread>

#include <systemd/sd-id128.h>

namespace wm {

std::uint64_t machine_id() {
  sd_id128_t id{};
  if (::sd_id128_get_machine(&id) < 0) ::sd_id128_randomize(&id);
  return id.qwords[0];
}

std::string boot_id() {
  sd_id128_t id{};
  if (::sd_id128_get_boot(&id) < 0) return "";
  std::array<char, SD_ID128_STRING_MAX> text{};
  return ::sd_id128_to_string(id, text.data());
}

int processors() { return static_cast<int>(std::max(1U, std::thread::hardware_concurrency())); }

}  // namespace wm
