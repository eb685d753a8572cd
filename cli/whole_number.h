// Reads an option's value as a number, or refuses it by its name.
#pragma once

#include <charconv>
#include <limits>
#include <string>

#include <CLI/CLI.hpp>

namespace wm::cli {

/// A check for options: a whole number from `least` to `most`.
inline CLI::Validator whole_number(std::int64_t least = std::numeric_limits<std::int32_t>::min(),
                                   std::int64_t most = std::numeric_limits<std::int32_t>::max()) {
  return {[least, most](std::string& text) -> std::string {
            std::int64_t number = 0;
            const auto [end, problem] =
                std::from_chars(text.data(), text.data() + text.size(), number);
            if (problem != std::errc{} || end != text.data() + text.size()) {
              return "'" + text + "' is no whole number";
            }
            if (number < least) return text + " is under the minimum of " + std::to_string(least);
            if (number > most) return text + " is over the maximum of " + std::to_string(most);
            return "";
          },
          ""};
}

}  // namespace wm::cli
