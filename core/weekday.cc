#include "core/weekday.h"

#include <algorithm>

namespace wm {
namespace {

constexpr std::size_t kShort = 3;

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::optional<std::chrono::weekday> parse_weekday(std::string_view text) {
  if (text.size() < kShort) return std::nullopt;
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), to_lower);
  for (unsigned day = 0; day < kWeekdayNames.size(); ++day) {
    if (kWeekdayNames[day].starts_with(lower)) return std::chrono::weekday{day};
  }
  return std::nullopt;
}

std::string short_name(std::chrono::weekday day) {
  std::string name(kWeekdayNames[day.c_encoding()].substr(0, kShort));
  name.front() = static_cast<char>(name.front() - 'a' + 'A');
  return name;
}

}  // namespace wm
