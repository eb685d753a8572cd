#include "core/time.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <span>

#include "core/check.h"
#include "core/text.h"

namespace wm {
namespace {

struct Unit {
  std::string_view name;
  Duration length;
};

// The first name of each length is the one format_duration() writes.
constexpr std::array kUnits{
    Unit{"w", Days{7}},    Unit{"d", Days{1}},     Unit{"h", 1h},        Unit{"m", 1min},
    Unit{"s", 1s},         Unit{"ms", 1ms},        Unit{"min", 1min},    Unit{"sec", 1s},
    Unit{"hour", 1h},      Unit{"hours", 1h},      Unit{"day", Days{1}}, Unit{"days", Days{1}},
    Unit{"week", Days{7}}, Unit{"weeks", Days{7}}, Unit{"hr", 1h},       Unit{"hrs", 1h},
    Unit{"minute", 1min},  Unit{"minutes", 1min},  Unit{"mins", 1min},   Unit{"second", 1s},
    Unit{"seconds", 1s},   Unit{"secs", 1s},
};

// Stand for one of them if they are the whole text: `--every day`.
constexpr std::array<std::string_view, 4> kOneOfThem{"minute", "hour", "day", "week"};

std::optional<Duration> unit_length(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return unit.length;
  }
  return std::nullopt;
}

// Takes the leading characters for which `belongs` holds off `text`.
template <class Predicate>
std::string_view take_while(std::string_view& text, Predicate belongs) {
  std::size_t length = 0;
  while (length < text.size() && belongs(static_cast<unsigned char>(text[length]))) ++length;
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length);
  return taken;
}

bool is_space(int c) { return c == ' '; }
bool is_digit(int c) { return c >= '0' && c <= '9'; }
bool is_letter(int c) { return c >= 'a' && c <= 'z'; }

std::unexpected<Error> bad_duration(std::string_view text, std::string_view why) {
  return fail(ErrorCode::invalid, "bad duration '" + std::string(text) + "': " + std::string(why) +
                                      "; write for example 90s, 15m, 1h30m or 2d");
}

std::unexpected<Error> bad_time(std::string_view text) {
  return fail(ErrorCode::invalid, "bad time '" + std::string(text) +
                                      "': write for example 2026-11-23T09:20:45Z or "
                                      "2026-11-23T10:20+01:00");
}

// A cursor over the fixed fields of an ISO 8601 time. The date library, which has the zones, would
// also accept `2026-1-23`, knows only one number of digits after the point, and needs five times as
// long to read and to write.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool skip(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<int> number(std::size_t width) {
    const std::string_view digits = rest_.substr(0, width);
    if (digits.size() != width || !is_digit(static_cast<unsigned char>(digits.front()))) return {};
    rest_.remove_prefix(width);
    return parse_number<int>(digits);
  }
  std::optional<Duration> fraction() {
    const std::string_view digits = take_while(rest_, is_digit);
    if (digits.empty() || digits.size() > 9) return std::nullopt;
    return Duration{parse_number<int>((std::string(digits) + "00").substr(0, 3)).value_or(0)};
  }
  // `Z`, `+01:00`, `-0530`: the offset of local time from UTC.
  std::optional<std::chrono::minutes> offset() {
    if (skip("Zz")) return std::chrono::minutes{0};
    const bool ahead = !rest_.empty() && rest_.front() == '+';
    if (!skip("+-")) return std::nullopt;
    const auto hours = number(2);
    skip(":");
    const auto minutes = number(2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    const std::chrono::minutes size{*hours * 60 + *minutes};
    return ahead ? size : -size;
  }

 private:
  std::string_view rest_;
};

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (std::ranges::count(kOneOfThem, text) > 0) return checked(unit_length(text), "it is a unit");
  std::string_view rest = text;
  Duration total{0};
  bool any = false;
  for (take_while(rest, is_space); !rest.empty(); take_while(rest, is_space)) {
    const std::string_view digits = take_while(rest, is_digit);
    if (digits.empty()) return bad_duration(text, "a whole number is missing");
    take_while(rest, is_space);
    const std::string_view name = take_while(rest, is_letter);
    const auto unit = unit_length(name);
    if (!unit) {
      return bad_duration(
          text, name.empty() ? "a unit is missing" : "unknown unit '" + std::string(name) + "'");
    }
    const auto count = parse_number<std::int64_t>(digits);
    if (!count || *count > kMaxDuration / *unit || total + *unit * *count > kMaxDuration) {
      return bad_duration(text, "it is longer than 10 years");
    }
    total += *unit * *count;
    any = true;
  }
  if (!any) return bad_duration(text, "it is empty");
  return total;
}

std::string format_duration(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  std::string text = duration < Duration::zero() ? "-" : "";
  Duration rest = std::chrono::abs(duration);
  for (const Unit& unit : std::span(kUnits).first(6)) {
    // Weeks only if nothing is left over: 10d reads better than 1w3d.
    if (unit.length == Duration{Days{7}} && rest % unit.length != Duration::zero()) continue;
    if (const auto count = rest / unit.length; count > 0) {
      text += std::to_string(count) + std::string(unit.name);
      rest %= unit.length;
    }
  }
  return text;
}

std::string rough_duration(Duration duration) {
  if (duration < 1s) return format_duration(duration);
  Duration unit = 1s;
  if (duration >= 1h) unit = 1min;
  if (duration >= Days{1}) unit = 1h;
  if (duration >= Days{7}) unit = Days{1};
  return format_duration((duration + unit / 2) / unit * unit);
}

Result<TimePoint> parse_time(std::string_view text) {
  TimeReader reader(text);
  const auto year = reader.number(4);
  const bool first_dash = reader.skip("-");
  const auto month = reader.number(2);
  const bool second_dash = reader.skip("-");
  const auto day = reader.number(2);
  const bool separator = reader.skip("Tt ");
  const auto hour = reader.number(2);
  const bool colon = reader.skip(":");
  const auto minute = reader.number(2);
  if (!year || !first_dash || !month || !second_dash || !day || !separator || !hour || !colon ||
      !minute) {
    return bad_time(text);
  }
  const std::optional<int> second = reader.skip(":") ? reader.number(2) : 0;
  const std::optional<Duration> fraction = reader.skip(".") ? reader.fraction() : Duration{0};
  const auto offset = reader.offset();
  if (!second || !fraction || !offset || !reader.done()) return bad_time(text);

  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return bad_time(text);
  return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{*second} + *fraction - *offset;
}

std::string format_time(TimePoint time) {
  const auto midnight = std::chrono::floor<Days>(time);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss clock{time - midnight};
  std::string text;
  text.reserve(std::string_view("2026-01-23T12:34:56.789Z").size());
  const auto add = [&](std::int64_t number, std::size_t width, char after) {
    const std::string digits = std::to_string(number);
    if (digits.size() < width) text.append(width - digits.size(), '0');
    text += digits;
    text += after;
  };
  add(static_cast<int>(date.year()), 4, '-');
  add(static_cast<unsigned>(date.month()), 2, '-');
  add(static_cast<unsigned>(date.day()), 2, 'T');
  add(clock.hours().count(), 2, ':');
  add(clock.minutes().count(), 2, ':');
  add(clock.seconds().count(), 2, '.');
  add(clock.subseconds().count(), 3, 'Z');
  return text;
}

}  // namespace wm
