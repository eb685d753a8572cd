// Files without a name that a child reads or writes.
#pragma once

#include <string_view>

#include <sys/types.h>

#include "daemon/system/unique_fd.h"

namespace wm {

// None, with errno set, where it cannot be made.

/// A file that holds `text`, to be read from its beginning.
UniqueFd memory_file(std::string_view text);

/// An empty file that takes so many bytes and no more, whatever is written. What was not written
/// is zeros.
UniqueFd bounded_memory_file(off_t bytes);

}  // namespace wm
