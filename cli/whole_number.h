// Reads an option's value as a number, or names the option in an error.
#pragma once

#include <limits>
#include <string>

#include <CLI/CLI.hpp>

#include "core/text.h"

namespace wm::cli {

/// A check for options: a whole number from `least` to `most`.
inline CLI::Validator whole_number(std::int64_t least = std::numeric_limits<std::int32_t>::min(),
                                   std::int64_t most = std::numeric_limits<std::int32_t>::max()) {
  return {[least, most](std::string& text) -> std::string {
            const auto number = parse_number<std::int64_t>(text);
            const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
            if (!number && digits && !text.empty()) return "'" + text + "' is too large";
            if (!number) return "'" + text + "' is not a whole number";
            if (*number < least) return text + " is under the minimum of " + std::to_string(least);
            if (*number > most) return text + " is over the maximum of " + std::to_string(most);
            return "";
          },
          ""};
}

}  // namespace wm::cli
