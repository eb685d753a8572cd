// The days of the week by their names. Sunday is 0, as in std::chrono::weekday::c_encoding().
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace wm {

inline constexpr std::array<std::string_view, 7> kWeekdayNames{
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};

/// The day with that name, in any case, of which three letters suffice: `mon`, `Thurs`, `FRIDAY`.
std::optional<std::chrono::weekday> parse_weekday(std::string_view text);

/// `Mon`.
std::string short_name(std::chrono::weekday day);

}  // namespace wm
