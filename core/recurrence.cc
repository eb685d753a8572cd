#include "core/recurrence.h"

#include <algorithm>
#include <bitset>
#include <vector>

#include "core/text.h"
#include "core/weekday.h"
#include "core/when.h"

namespace wm {
namespace {

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(ErrorCode::invalid,
              "bad period '" + printable(text) + "': " + std::string(why) +
                  ": write 1d, day, \"Mon..Fri 09:00\", 02:30 or \"30 2 * * *\"");
}

// Explains how to write a period that was nearly right. Empty: there is no such advice.
std::string hint_for(const std::vector<std::string>& words) {
  if (is_noon_or_midnight(words.back())) {
    return words.back() + " may be noon or midnight: write 12:00 or 00:00";
  }
  const auto is_cron = [](const std::string& word) {
    return word.find_first_not_of("0123456789*/,-") == std::string::npos;
  };
  if (words.size() > 2 && std::ranges::all_of(words, is_cron)) {
    return "cron needs five fields, minute, hour, day, month and weekday: it has " +
           std::to_string(words.size());
  }
  if (words.size() != 1) return "";
  const std::string& word = words.front();
  if (word == "hourly") return "write 1h, or @hourly for every full hour";
  if (word == "daily") return "write 1d, or @daily for every midnight";
  if (word == "weekly") return "write 1w, or @weekly for the midnight of Sunday";
  if (word == "month" || word == "monthly") return "write @monthly, for the first of each month";
  if (word == "year" || word == "yearly") return "write @yearly, for the first of January";
  return "";
}

bool is_number(std::string_view word) {
  if (word.starts_with('-')) word.remove_prefix(1);
  return !word.empty() && word[0] >= '0' && word[0] <= '9';
}

using Weekdays = std::bitset<8>;  // From Monday, 1, to Sunday, 7.

// `mon`, `Mon..Fri`, `sat-mon`.
std::optional<Weekdays> range_of(std::string_view text) {
  const std::size_t dots = text.find("..");
  const std::size_t end = dots == std::string_view::npos ? text.find('-') : dots;
  const auto first = parse_weekday(text.substr(0, end));
  if (end == std::string_view::npos) {
    return first ? std::optional(Weekdays().set(first->iso_encoding())) : std::nullopt;
  }
  const auto last = parse_weekday(text.substr(end + (end == dots ? 2 : 1)));
  if (!first || !last) return std::nullopt;
  Weekdays days;
  for (auto day = *first; day != *last; ++day) days.set(day.iso_encoding());
  return days.set(last->iso_encoding());
}

std::optional<Weekdays> days_of(std::string_view text) {
  if (text == "day" || text == "daily") return Weekdays(0b11111110);
  if (text == "weekday" || text == "weekdays") return range_of("mon-fri");
  if (text == "weekend" || text == "weekends") return range_of("sat-sun");
  Weekdays all;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto some = range_of(text.substr(0, comma));
    if (!some) return std::nullopt;
    all |= *some;
    if (comma == std::string_view::npos) return all;
    text.remove_prefix(comma + 1);
  }
}

// In cron's form: `1-5`, `1,3`; `*`: every day.
std::string cron_days(const Weekdays& days) {
  if (days.count() == 7) return "*";
  std::vector<std::string> parts;
  for (std::size_t day = 1; day <= 7; ++day) {
    std::size_t last = day;
    while (days[day] && last < 7 && days[last + 1]) ++last;
    const std::string first = std::to_string(day);
    if (days[day]) parts.push_back(last > day ? first + "-" + std::to_string(last) : first);
    day = last;
  }
  return join(parts, ",");
}

}  // namespace

Result<Recurrence> parse_recurrence(std::string_view text) {
  std::vector<std::string> words = lower_words(text);
  if (words.empty()) return bad(text, "it is empty");
  const auto every = parse_duration(join(words, " "));
  if (every && *every <= Duration::zero()) return bad(text, "it has no length");
  if (every) return Recurrence{*every, ""};
  if (words[0].starts_with('@') || words.size() == 5) {
    return Recurrence{std::nullopt, std::string(text)};
  }
  const auto time = parse_time_of_day(words.back());
  if (const std::string hint = time ? "" : hint_for(words); !hint.empty()) {
    return fail(ErrorCode::invalid, "bad period '" + printable(text) + "': " + hint);
  }
  if (!time && words.size() == 1 && is_number(words[0])) return std::unexpected(every.error());
  if (!time) return bad(text, words.size() == 1 ? "it names no time" : "its end is no time of day");
  words.pop_back();
  if (!words.empty() && words.back() == "at") words.pop_back();
  if (words.size() > 1 && words[0] == "every") return bad(text, "the word every is too much");
  if (words.size() > 1) return bad(text, "its days are one word, such as Mon,Thu");
  const auto days = days_of(words.empty() ? "day" : words[0]);
  if (!days) return bad(text, "'" + printable(words[0]) + "' names no days");
  const auto minutes = std::chrono::floor<std::chrono::minutes>(*time);
  if (minutes != *time) return bad(text, "it has seconds");
  return Recurrence{std::nullopt, std::to_string(minutes.count() % 60) + " " +
                                      std::to_string(minutes.count() / 60) + " * * " +
                                      cron_days(*days)};
}

}  // namespace wm
