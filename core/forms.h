// The forms that a value of a registration has: on the wire, on disk, and in a file.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "core/time.h"

namespace wm {

/// `wire`: what clients and the daemon say to each other. `stored`: on disk, where enumerators are
/// numbers and times milliseconds since 1970. `written`: what people write in a file.
enum class Form : std::uint8_t { wire, stored, written };

/// Why a value cannot be read. Either all of its type is wrong, or a sentence says what else.
struct ValueError {
  std::string message;
  bool of_type = false;

  /// `KEY must be a string`, `KEY: bad duration '5'`.
  std::string about(std::string_view key) const {
    return std::string(key) + (of_type ? " must be " : ": ") + message;
  }
};

template <class T = void>
using Read = std::expected<T, ValueError>;

/// How a value is to be read.
struct Reading {
  Form form = Form::wire;
  /// Reads what people write for a time, in their time zone; nullptr: ISO 8601 alone.
  Result<TimePoint> (*time)(std::string_view text) = nullptr;
};

}  // namespace wm
