#include "core/when.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/suggest.h"
#include "core/text.h"
#include "core/weekday.h"

namespace wm {
namespace {

using LocalDate = std::chrono::local_days;

// Of a day, it may be its beginning or its end.
constexpr std::string_view kMidnight = "midnight";

std::vector<std::string_view> day_words() {
  std::vector<std::string_view> words{"now", "today", "yesterday", "tomorrow", "noon", kMidnight};
  words.insert(words.end(), kWeekdayNames.begin(), kWeekdayNames.end());
  return words;
}

// `09:30`, `9:30`, `09:30:15`; `2026-11-23`: numbers of at most `most_digits` digits between
// separators.
std::optional<std::vector<int>> numbers_in(std::string_view text, char separator,
                                           std::size_t most_digits) {
  std::vector<int> list;
  while (true) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view digits = text.substr(0, end);
    const auto value = parse_number<int>(digits);
    if (!value || *value < 0 || digits.size() > most_digits) return std::nullopt;
    list.push_back(*value);
    if (end == text.size()) return list;
    text.remove_prefix(end + 1);
  }
}

// `mon` or `monday`, and nothing in between.
std::optional<std::chrono::weekday> weekday_of(std::string_view word) {
  const auto day = parse_weekday(word);
  const bool exact = day && (word.size() == 3 || word == kWeekdayNames[day->c_encoding()]);
  return exact ? day : std::nullopt;
}

// The first of two instants; the first one after a gap.
TimePoint first_instant(LocalDate date, Duration time, const UtcOffset& offset) {
  const TimePoint as_utc{date.time_since_epoch() + time};
  const Duration before = offset(as_utc - Days{1});
  const Duration after = offset(as_utc + Days{1});
  for (const Duration ahead : {std::max(before, after), std::min(before, after)}) {
    if (offset(as_utc - ahead) == ahead) return as_utc - ahead;
  }
  TimePoint low = as_utc - std::max(before, after);
  TimePoint high = as_utc - std::min(before, after);
  while (high - low > 1s) {
    const TimePoint middle = low + std::chrono::floor<std::chrono::seconds>((high - low) / 2);
    (offset(middle) == before ? low : high) = middle;
  }
  return high;
}

class WhenReader {
 public:
  WhenReader(std::string_view text, Direction direction, TimePoint now, const UtcOffset& offset)
      : text_(text), direction_(direction), now_(now), offset_(offset), words_(lower_words(text)) {
    const LocalDate epoch{};
    today_ = epoch + std::chrono::floor<Days>(now.time_since_epoch() + offset(now));
  }

  Result<TimePoint> read() {
    if (words_.empty()) return bad("it is empty");
    if (words_.size() == 1 && words_[0] == "now") return now_;
    if (const auto time = duration()) return *time;
    split_date_and_time();
    std::erase(words_, "at");
    if (words_.empty()) return bad("the time is missing");
    if (words_.size() == 2 && words_[1] == kMidnight) {
      return bad("write 00:00 and the day that begins then");
    }
    if (words_.size() > 2) return bad();
    if (words_.size() == 1) {
      if (const auto time = parse_time_of_day(words_[0])) return nearest(std::nullopt, *time);
    }
    const auto time =
        words_.size() == 2 ? parse_time_of_day(words_[1]) : std::optional(Duration{0});
    if (!time) return bad();
    return day_at(words_[0], *time);
  }

 private:
  // `2h`, `2 days ago`, `in 2h`.
  std::optional<Result<TimePoint>> duration() const {
    const bool ago = words_.back() == "ago";
    const bool in = words_.front() == "in";
    std::string joined;
    for (std::size_t i = in ? 1 : 0; i + (ago ? 1 : 0) < words_.size(); ++i) {
      joined += words_[i] + ' ';
    }
    const bool counted = joined.find_first_of("0123456789") != std::string::npos;
    const auto length = parse_duration(joined);
    if (!counted || !length || (ago && in)) return std::nullopt;
    if (ago && direction_ == Direction::future) return bad("it is in the past");
    if (in && direction_ == Direction::past) return bad("it is in the future");
    return direction_ == Direction::past ? now_ - *length : now_ + *length;
  }

  // 2026-11-23T09:30.
  void split_date_and_time() {
    const std::size_t t = words_[0].find('t');
    if (words_.size() != 1 || t == std::string::npos ||
        !parse_time_of_day(words_[0].substr(t + 1))) {
      return;
    }
    words_.push_back(words_[0].substr(t + 1));
    words_[0].resize(t);
  }

  Result<TimePoint> day_at(const std::string& day, Duration time) const {
    if (day == "today") return first_instant(today_, time, offset_);
    if (day == "yesterday") {
      if (direction_ == Direction::future) return bad("it is in the past");
      return first_instant(today_ - Days{1}, time, offset_);
    }
    if (day == "tomorrow") {
      if (direction_ == Direction::past) return bad("it is in the future");
      return first_instant(today_ + Days{1}, time, offset_);
    }
    if (const auto weekday = weekday_of(day)) return nearest(weekday, time);
    const auto parts = numbers_in(day, '-', 4);
    if (!parts || parts->size() != 3 || day.find('-') != 4) return bad();
    const std::chrono::year_month_day date{std::chrono::year{(*parts)[0]},
                                           std::chrono::month{static_cast<unsigned>((*parts)[1])},
                                           std::chrono::day{static_cast<unsigned>((*parts)[2])}};
    if (!date.ok()) return bad("there is no such date");
    return first_instant(LocalDate{date}, time, offset_);
  }

  // The last such time until now, or the next one after it.
  TimePoint nearest(std::optional<std::chrono::weekday> weekday, Duration time) const {
    const bool past = direction_ == Direction::past;
    TimePoint found = now_;
    for (int days = 0; days <= 7; ++days) {
      const LocalDate date = past ? today_ - Days{days} : today_ + Days{days};
      if (weekday && std::chrono::weekday{date} != *weekday) continue;
      found = first_instant(date, time, offset_);
      if (past ? found <= now_ : found > now_) break;
    }
    return found;
  }

  std::unexpected<Error> bad(std::string_view why = "") const {
    std::string message = "bad time '" + printable(text_) + "'";
    if (!why.empty()) return fail(ErrorCode::invalid, message + ": " + std::string(why));
    if (is_noon_or_midnight(words_.back())) {
      return fail(ErrorCode::invalid, message + ": " + words_.back() +
                                          " may be noon or midnight: write 12:00 or 00:00");
    }
    if (words_.size() == 2 && words_[0] == "in" && parse_number<int>(words_[1])) {
      return fail(ErrorCode::invalid, message + ": " + words_[1] + " of what? Write in " +
                                          words_[1] + "m or in " + words_[1] + "h");
    }
    const auto known = day_words();
    const std::string meant = did_you_mean(words_.front(), known);
    if (!meant.empty() && !std::ranges::count(known, words_.front())) {
      return fail(ErrorCode::invalid, message + meant);
    }
    return fail(ErrorCode::invalid,
                message + (direction_ == Direction::past
                               ? ": write 2h, 09:30, yesterday, monday 09:30 or 2026-11-23 09:30"
                               : ": write 09:30, tomorrow 09:30, monday 09:30, 2026-11-23 09:30 "
                                 "or in 2h"));
  }

  std::string_view text_;
  Direction direction_;
  TimePoint now_;
  const UtcOffset& offset_;
  std::vector<std::string> words_;
  LocalDate today_;
};

}  // namespace

std::vector<std::string> lower_words(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c != ' ') {
      words.back() += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::optional<Duration> parse_time_of_day(std::string_view word) {
  if (word == "noon") return 12h;
  if (word == kMidnight) return 0h;
  const bool morning = word.ends_with("am");
  const bool by_twelve = morning || word.ends_with("pm");
  if (by_twelve) word.remove_suffix(2);
  const auto parts = numbers_in(word, ':', 2);
  if (!parts || parts->size() < (by_twelve ? 1 : 2) || parts->size() > 3) return std::nullopt;
  const int hour = (*parts)[0];
  const int minute = parts->size() > 1 ? (*parts)[1] : 0;
  const int second = parts->size() > 2 ? (*parts)[2] : 0;
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  if (!by_twelve) {
    return std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
  }
  if (hour < 1 || hour > 12 || (hour == 12 && minute == 0)) return std::nullopt;
  return std::chrono::hours{hour % 12 + (morning ? 0 : 12)} + std::chrono::minutes{minute} +
         std::chrono::seconds{second};
}

bool is_noon_or_midnight(std::string_view word) {
  if (!word.ends_with("am") && !word.ends_with("pm")) return false;
  word.remove_suffix(2);
  return word == "12" || word == "12:00";
}

Result<TimePoint> parse_when(std::string_view text, Direction direction, TimePoint now,
                             const UtcOffset& offset) {
  if (const auto time = parse_time(text)) return time;
  return WhenReader(text, direction, now, offset).read();
}

}  // namespace wm
