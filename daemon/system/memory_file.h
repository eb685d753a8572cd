// Files without a name that a child reads or writes.
#pragma once

#include <string_view>

#include <sys/types.h>

#include "daemon/system/unique_fd.h"

namespace wm {

// These return none, with errno set, if the file cannot be made.

/// A file that contains `text`, to be read from its beginning.
UniqueFd memory_file(std::string_view text);

/// A file of that many zero bytes, which never grows, whatever is written.
UniqueFd bounded_memory_file(off_t bytes);

}  // namespace wm
