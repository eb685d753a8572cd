// How much of a long answer goes into one message.
#pragma once

#include <cstddef>

namespace wm {

// A page of an answer stays well under the size of a message, and is made in a millisecond or two.
constexpr int kPageLength = 100;                             // Entries.
constexpr std::size_t kPageWeight = std::size_t{512} << 10;  // Bytes of JSON, about.

}  // namespace wm
