// The forms of a registration's values: on the wire, on disk, and in a file.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "core/time.h"

namespace wm {

/// `wire`: between clients and the daemon. `stored`: on disk, where enumerators are numbers and
/// times milliseconds since 1970. `written`: in a file that people write.
enum class Form : std::uint8_t { wire, stored, written };

/// The reason why a value cannot be read: its type is wrong, or a sentence gives another one.
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

/// The way to read a value.
struct Reading {
  Form form = Form::wire;
  /// Reads a time that people write in their time zone; nullptr: only ISO 8601.
  Result<TimePoint> (*time)(std::string_view text) = nullptr;
};

}  // namespace wm
