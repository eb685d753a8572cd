#include "core/calendar.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/text.h"
#include "core/weekday.h"
#include "core/zone.h"

namespace wm {
namespace {

using Minutes = std::chrono::minutes;

struct Field {
  const char* name;
  int least;
  int most;
  // The values of their first three letters, which are all that is written, count up from `least`.
  std::vector<std::string_view> words;
};

const std::array<Field, 5>& fields() {
  static const std::array<Field, 5> kFields{
      Field{"minute", 0, 59, {}},
      Field{"hour", 0, 23, {}},
      Field{"day of the month", 1, 31, {}},
      Field{"month",
            1,
            12,
            {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      Field{"day of the week", 0, 7, {kWeekdayNames.begin(), kWeekdayNames.end()}},
  };
  return kFields;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kWords{{
    {"@hourly", "0 * * * *"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"},
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
}};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> value_of(std::string_view text, const Field& field) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  const auto word = std::ranges::find(field.words, lower,
                                      [](std::string_view name) { return name.substr(0, 3); });
  if (word != field.words.end()) return field.least + int(word - field.words.begin());
  const auto value = parse_number<int>(text);
  return value && *value >= field.least && *value <= field.most ? value : std::nullopt;
}

std::unexpected<Error> bad(const Field& field, std::string_view part) {
  return fail(ErrorCode::invalid, "'" + printable(part) + "' is no " + field.name +
                                      ": write *, a number from " + std::to_string(field.least) +
                                      " to " + std::to_string(field.most) +
                                      ", a range 1-5, a step */2, or a list of these");
}

// One of a list: `*`, `5`, `1-5`, each optionally with a step `/2`.
template <std::size_t N>
Result<> read_part(std::string_view part, const Field& field, std::bitset<N>& set) {
  const auto stepped = split(part, "/");
  const auto step = stepped.size() == 2 ? parse_number<int>(stepped[1]) : std::optional(1);
  if (stepped.size() > 2 || !step || *step < 1 || *step > field.most) return bad(field, part);
  const auto ends = split(stepped[0], "-");
  if (ends.size() > 2) return bad(field, part);
  const bool all = stepped[0] == "*";
  const auto first = all ? std::optional(field.least) : value_of(ends.front(), field);
  // `5/10` goes on to the end, as in crontab(5).
  const bool open = all || (ends.size() == 1 && stepped.size() == 2);
  const auto last = open ? std::optional(field.most) : value_of(ends.back(), field);
  if (!first || !last || *first > *last) return bad(field, part);
  for (int value = *first; value <= *last; value += *step) {
    set.set(static_cast<std::size_t>(value) % (N == 7 ? 7 : N));  // Sunday is 7 too.
  }
  return {};
}

template <std::size_t N>
Result<> read_field(std::string_view text, const Field& field, std::bitset<N>& set) {
  for (const std::string_view part : split(text, ",")) {
    if (auto ok = read_part(part, field, set); !ok) return ok;
  }
  return {};
}

}  // namespace

Result<Calendar> Calendar::parse(std::string_view text) {
  const auto word = std::ranges::find(kWords, text, [](const auto& pair) { return pair.first; });
  if (word != kWords.end()) text = word->second;
  std::vector<std::string_view> parts = split(text, " \t");
  std::erase(parts, "");
  if (parts.size() != fields().size()) {
    return fail(ErrorCode::invalid,
                "'" + printable(text) +
                    "' is no calendar: write five fields, MINUTE HOUR DAY MONTH WEEKDAY "
                    "(\"30 2 * * mon\"), or @hourly, @daily, @weekly, @monthly, @yearly");
  }
  Calendar calendar;
  for (const auto& read : {read_field(parts[0], fields()[0], calendar.minutes_),
                           read_field(parts[1], fields()[1], calendar.hours_),
                           read_field(parts[2], fields()[2], calendar.days_),
                           read_field(parts[3], fields()[3], calendar.months_),
                           read_field(parts[4], fields()[4], calendar.weekdays_)}) {
    if (!read) return std::unexpected(read.error());
  }
  calendar.any_day_ = parts[2].starts_with('*');
  calendar.any_weekday_ = parts[4].starts_with('*');
  calendar.by_real_time_ = parts[0].contains('*') || parts[1].contains('*');
  if (!calendar.next_day(LocalDay{Days{20'000}})) {
    return fail(ErrorCode::invalid, "'" + printable(text) + "' never comes: no month has that day");
  }
  return calendar;
}

bool Calendar::names(std::chrono::year_month_day day) const {
  if (!months_[static_cast<unsigned>(day.month())]) return false;
  const bool in_month = days_[static_cast<unsigned>(day.day())];
  const bool in_week = weekdays_[std::chrono::weekday{LocalDay{day}}.c_encoding()];
  if (any_day_ || any_weekday_) return in_month && in_week;
  return in_month || in_week;
}

std::optional<Calendar::LocalDay> Calendar::next_day(LocalDay from) const {
  // 29 February is at most 8 years away (around 2100), and falls on a given weekday at least every
  // 40.
  const LocalDay last = from + Days{366 * 41};
  for (LocalDay day = from; day < last; day += Days{1}) {
    if (names(std::chrono::year_month_day{day})) return day;
  }
  return std::nullopt;
}

std::optional<Calendar::LocalMinute> Calendar::next_match(LocalMinute from) const {
  LocalDay day = std::chrono::floor<Days>(from);
  while (const auto named = next_day(day)) {
    const std::chrono::hh_mm_ss begin(std::max(from, LocalMinute(*named)) - *named);
    const auto first = static_cast<std::size_t>(begin.hours().count());
    for (std::size_t hour = first; hour < hours_.size(); ++hour) {
      if (!hours_[hour]) continue;
      const auto after = static_cast<std::size_t>(begin.minutes().count());
      for (std::size_t minute = hour == first ? after : 0; minute < minutes_.size(); ++minute) {
        if (minutes_[minute]) return *named + std::chrono::hours{hour} + Minutes{minute};
      }
    }
    day = *named + Days{1};
  }
  return std::nullopt;
}

// Between two changes of the offset, local time runs like real time.
TimePoint Calendar::next_by_real_time(TimePoint after, const date::time_zone* zone) const {
  const TimePoint last = after + kMaxDuration;
  TimePoint from = after + Duration{1};
  while (from < last) {
    const ZoneOffset now = offset_at(from, zone);
    const auto local =
        next_match(LocalMinute{std::chrono::ceil<Minutes>(from.time_since_epoch() + now.offset)});
    if (!local) break;
    const TimePoint instant{local->time_since_epoch() - now.offset};
    if (instant < std::min(last, now.until)) return instant;
    from = now.until;
  }
  return last;
}

TimePoint Calendar::next(TimePoint after, const date::time_zone* zone) const {
  if (by_real_time_) return next_by_real_time(after, zone);
  LocalMinute from = std::chrono::floor<Minutes>(local_time_at(after, zone));
  while (const auto local = next_match(from)) {
    if (const TimePoint instant = instant_of(*local, zone); instant > after) return instant;
    from = *local + Minutes{1};
  }
  return after + kMaxDuration;  // parse() refuses expressions that never match.
}

}  // namespace wm
