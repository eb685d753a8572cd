// The size of one page of a long answer.
#pragma once

#include <cstddef>

namespace wm {

// A page stays well below the size of a message, and is made in a millisecond or two.
constexpr int kPageLength = 100;                             // Entries.
constexpr std::size_t kPageWeight = std::size_t{512} << 10;  // Bytes of JSON, about.

}  // namespace wm
