#include "daemon/system/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>

namespace wm {

UniqueFd memory_file(std::string_view text) {
  UniqueFd file(::memfd_create("wm-input", MFD_CLOEXEC));
  if (file && (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
               ::lseek(file.get(), 0, SEEK_SET) != 0)) {
    file.reset();
  }
  return file;
}

UniqueFd bounded_memory_file(off_t bytes) {
  UniqueFd file(::memfd_create("wm-output", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file && (::ftruncate(file.get(), bytes) != 0 ||
               ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0)) {
    file.reset();
  }
  return file;
}

}  // namespace wm
