#include "cli/import/systemd_calendar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>

#include "cli/import/lines.h"
#include "core/calendar.h"
#include "core/text.h"
#include "core/weekday.h"

namespace wm::cli {
namespace {

std::string in_quotes(std::string_view text) { return "'" + printable(text) + "'"; }

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

struct Named {
  std::string_view name;
  std::string_view calendar;
};
constexpr std::array kNamed{
    Named{"minutely", "* * * * *"},       Named{"hourly", "0 * * * *"},
    Named{"daily", "0 0 * * *"},          Named{"weekly", "0 0 * * mon"},
    Named{"monthly", "0 0 1 * *"},        Named{"quarterly", "0 0 1 1,4,7,10 *"},
    Named{"semiannually", "0 0 1 1,7 *"}, Named{"semi-annually", "0 0 1 1,7 *"},
    Named{"yearly", "0 0 1 1 *"},         Named{"annually", "0 0 1 1 *"},
    Named{"anually", "0 0 1 1 *"},
};

// The range of numbers that a field of cron has.
struct Range {
  int least;
  int most;
};

// One of a list: `*`, `5`, `1..5`, each with a step `/2`.
std::optional<std::string> cron_part(std::string_view part, const Range& range) {
  const std::size_t slash = part.find('/');
  const std::string_view ends = part.substr(0, slash);
  std::optional<int> step;
  if (slash != std::string_view::npos) {
    step = parse_number<int>(part.substr(slash + 1));
    if (!step || *step < 1) return std::nullopt;
  }
  if (ends == "*") return !step || *step == 1 ? "*" : "*/" + std::to_string(*step);
  const auto bounds = split(ends, "..");
  const auto first = parse_number<int>(bounds.front());
  const auto last = bounds.size() == 2 ? parse_number<int>(bounds.back()) : first;
  if (bounds.size() > 2 || !first || !last || *first < range.least || *last > range.most ||
      *first > *last) {
    return std::nullopt;
  }
  std::string text = std::to_string(*first);
  const bool open = bounds.size() == 1;
  const int end = open ? range.most : *last;
  if (step && *first + *step > end) return text;
  if (step && open && *first == range.least) return *step == 1 ? "*" : "*/" + std::to_string(*step);
  if (*last != *first || (step && open)) text += '-' + std::to_string(end);
  if (step && *step > 1) text += '/' + std::to_string(*step);
  return text;
}

Result<std::string> cron_field(std::string_view field, const Range& range) {
  std::string text;
  for (const std::string_view part : split(field, ",")) {
    const auto cron = cron_part(part, range);
    if (!cron) return invalid("it cannot be read at " + in_quotes(field));
    text += (text.empty() ? "" : ",") + *cron;
  }
  return text;
}

// `Mon..Fri,Sun`; nothing if it names no weekdays.
std::optional<std::string> cron_weekdays(std::string_view text) {
  std::string days;
  while (text.ends_with(',')) text.remove_suffix(1);
  for (const std::string_view part : split(text, ",")) {
    const bool dots = has(part, "..");
    const auto ends = split(part, dots ? ".." : "-");
    const auto first = parse_weekday(ends.front());
    const auto last = parse_weekday(ends.back());
    if (ends.size() > 2 || !first || !last) return std::nullopt;
    // Sunday is the last day of a week, so that a range may end there.
    if (first->iso_encoding() > last->iso_encoding()) return std::nullopt;
    if (!days.empty()) days += ',';
    if (ends.size() == 1) {
      days += kWeekdayNames[first->c_encoding()].substr(0, 3);
    } else {
      days += std::to_string(first->iso_encoding()) + '-' + std::to_string(last->iso_encoding());
    }
  }
  return days;
}

// Collects what the parts of an event say.
struct Event {
  std::string weekdays = "*";
  std::string date = "*-*-*";
  std::string time = "00:00:00";
  std::string zone;
};

Result<Event> event_of(std::string_view text) {
  Event event;
  bool dated = false;
  bool timed = false;
  for (int place = 0; !text.empty(); ++place) {
    const std::string_view word = take_word(text);
    const auto weekdays = cron_weekdays(word);
    if (place == 0 && weekdays) {
      event.weekdays = *weekdays;
    } else if (!timed && word.find(':') != std::string_view::npos) {
      event.time = word;
      timed = true;
    } else if (!dated && !timed && word.find_first_of("-~") != std::string_view::npos) {
      event.date = word;
      dated = true;
    } else if (text.empty() && (place > 0) && event.zone.empty()) {
      event.zone = word;
    } else {
      return invalid("it cannot be read at " + in_quotes(word));
    }
  }
  return event;
}

Result<std::string> cron_date(const Event& event) {
  if (has(event.date, "~")) return invalid("it counts days from the end of the month");
  auto parts = split(event.date, "-");
  if (parts.size() == 3 && parts.front() != "*") {
    return invalid("it names years, and cron's fields have none");
  }
  if (parts.size() == 3) parts.erase(parts.begin());
  if (parts.size() != 2) return invalid("it cannot be read at " + in_quotes(event.date));
  const auto month = cron_field(parts[0], {1, 12});
  if (!month) return month;
  const auto day = cron_field(parts[1], {1, 31});
  if (!day) return day;
  if (event.weekdays != "*" && !day->starts_with('*')) {
    return invalid("it names days of the month and of the week: systemd wants both, cron either");
  }
  return *day + ' ' + *month + ' ' + event.weekdays;
}

Result<std::string> cron_clock(const Event& event) {
  const auto parts = split(event.time, ":");
  if (parts.size() != 2 && parts.size() != 3) {
    return invalid("it cannot be read at " + in_quotes(event.time));
  }
  if (parts.size() == 3 && parse_number<int>(parts[2]) != 0) {
    return invalid("it names seconds, and cron's fields have none");
  }
  const auto minute = cron_field(parts[1], {0, 59});
  if (!minute) return minute;
  const auto hour = cron_field(parts[0], {0, 23});
  if (!hour) return hour;
  return *minute + ' ' + *hour;
}

struct SpanUnit {
  std::string_view names;
  double milliseconds;
};
constexpr double kDay = 86'400'000;
constexpr std::array kUnits{
    SpanUnit{" usec us \u00b5s \u03bcs ", 0.001}, SpanUnit{" msec ms ", 1},
    SpanUnit{" seconds second sec s ", 1000},     SpanUnit{" minutes minute min m ", 60'000},
    SpanUnit{" hours hour hr h ", 3'600'000},     SpanUnit{" days day d ", kDay},
    SpanUnit{" weeks week w ", 7 * kDay},         SpanUnit{" months month M ", 30.44 * kDay},
    SpanUnit{" years year y ", 365.25 * kDay},
};

std::optional<double> decimal(std::string_view text) {
  double number = 0;
  const char* const end = std::to_address(text.end());
  const auto [stop, problem] = std::from_chars(std::to_address(text.begin()), end, number);
  return problem == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

std::optional<double> unit_of(std::string_view name) {
  if (name.empty()) return 1000;
  for (const SpanUnit& unit : kUnits) {
    if (has(unit.names, ' ' + std::string(name) + ' ')) return unit.milliseconds;
  }
  return std::nullopt;
}

}  // namespace

Result<CronTime> cron_time(std::string_view on_calendar) {
  std::string_view rest = trimmed(on_calendar);
  for (const Named& named : kNamed) {
    if (!rest.starts_with(named.name)) continue;
    const std::string_view zone = rest.substr(named.name.size());
    if (!zone.empty() && zone.front() != ' ') continue;
    return CronTime{std::string(named.calendar), std::string(trimmed(zone))};
  }
  if (rest.empty()) return invalid("it is empty");
  auto event = event_of(rest);
  if (!event) return std::unexpected(event.error());
  const auto clock = cron_clock(*event);
  if (!clock) return std::unexpected(clock.error());
  const auto date = cron_date(*event);
  if (!date) return std::unexpected(date.error());
  CronTime time{*clock + ' ' + *date, std::move(event->zone)};
  if (const auto valid = Calendar::parse(time.calendar); !valid) {
    return std::unexpected(valid.error());
  }
  return time;
}

std::vector<CronTime> merged(const std::vector<CronTime>& times) {
  std::vector<CronTime> list;
  const auto absorb = [](CronTime& into, const CronTime& other) {
    if (into.time_zone != other.time_zone) return false;
    auto fields = split(into.calendar, " ");
    const auto others = split(other.calendar, " ");
    std::optional<std::size_t> differs;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i] == others[i]) continue;
      // A star means more to cron than all the values of a field.
      if (differs || has(fields[i], "*") || has(others[i], "*")) return false;
      differs = i;
    }
    if (!differs) return true;
    const std::string both = std::string(fields[*differs]) + ',' + std::string(others[*differs]);
    fields[*differs] = both;
    into.calendar = join(fields, " ");
    return true;
  };
  for (const CronTime& time : times) {
    bool absorbed = std::find(times.data(), &time, time) != &time;  // It is there already.
    for (CronTime& one : list) absorbed = absorbed || absorb(one, time);
    if (!absorbed) list.push_back(time);
  }
  return list;
}

Result<std::optional<Duration>> time_span(std::string_view text) {
  const std::string_view whole = text = trimmed(text);
  if (text == "infinity") return std::optional<Duration>{};
  const auto wrong = [&] { return invalid(in_quotes(whole) + " is no time span"); };
  double sum = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = decimal(text.substr(0, digits));
    text = trimmed(text.substr(digits));
    const std::size_t letters = std::min(text.find_first_of("0123456789. \t"), text.size());
    const auto unit = unit_of(text.substr(0, letters));
    text = trimmed(text.substr(letters));
    if (!number || !unit) return wrong();
    sum += *number * *unit;
  }
  if (whole.empty() || sum > static_cast<double>(kMaxDuration.count())) return wrong();
  return std::optional(Duration{std::llround(sum)});
}

}  // namespace wm::cli
