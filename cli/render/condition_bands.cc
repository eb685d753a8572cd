#include "cli/render/condition_bands.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cli/render/local_time.h"
#include "cli/render/terminal_text.h"
#include "core/condition_history.h"
#include "core/json_fields.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr const char* kDaemon = "wmd";
constexpr std::size_t kLongestName = 20;
constexpr std::size_t kLeastColumns = 10;
constexpr std::size_t kTickWidth = 10;  // The least room for a time on the axis.

std::string name_of(const json::object& change) {
  const std::string name = printable(text_of(change, "name"));
  return name.empty() ? kDaemon : name;
}

std::optional<ConditionEvent> event_of(const json::object& change) {
  const auto event = parse_word<ConditionEvent>(text_of(change, "event"));
  return event ? std::optional(*event) : std::nullopt;
}

// What stands in the column of values, and why if no source says it.
std::pair<std::string, std::string> words_for(const json::object& change) {
  switch (event_of(change).value_or(ConditionEvent::unsteady)) {
    case ConditionEvent::changed: {
      const std::string value = text_of(change, "value");
      const std::string detail = text_of(change, "detail");
      return {value.empty() ? "unknown" : value,
              text_of(change, "source") + (detail.empty() ? "" : ": " + detail)};
    }
    case ConditionEvent::unwatched:
      return {"unknown", "no job needs it any more"};
    case ConditionEvent::unsteady:
      return {"unknown", "it changes too often to be kept"};
    case ConditionEvent::asleep:
      return {"asleep", "the machine"};
    case ConditionEvent::awake:
      return {"awake", ""};
    case ConditionEvent::started:
      return {"started", ""};
    case ConditionEvent::stopped:
      return {"stopped", ""};
    case ConditionEvent::lost:
      return {"unknown", "it was killed, or lost power, at some time after that"};
  }
  return {"unknown", ""};
}

std::string cell(const std::string& text, std::size_t width) {
  const std::size_t taken = display_width(text);
  return text + std::string(taken < width ? width - taken : 0, ' ');
}

// The distance of times on an axis where a column is that long.
Duration tick_of(Duration column) {
  constexpr std::array<Duration, 14> kTicks{1s, 10s, 1min, 5min, 15min,   30min,   1h,
                                            2h, 3h,  6h,   12h,  Days{1}, Days{2}, Days{7}};
  for (const Duration one : kTicks) {
    if (one >= column * static_cast<int>(kTickWidth)) return one;
  }
  return Days{28};
}

}  // namespace

std::string line_of_change(const json::object& change) {
  const auto [value, why] = words_for(change);
  const auto time = time_of(change, "time");
  std::string line =
      fmt::format("{}  {}  {}  {}", local_time(time.value_or(TimePoint{})),
                  cell(name_of(change), 9), cell(printable(value), 9), printable(why));
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

ConditionBands::Level ConditionBands::level_of(const json::object& change) {
  if (event_of(change) != ConditionEvent::changed) return Level::unknown;
  const std::string value = text_of(change, "value");
  if (value.empty()) return Level::unknown;
  if (value == "metered" || value == "roaming") return Level::part;
  return value == "no" || value == "low" || value == "none" ? Level::none : Level::all;
}

void ConditionBands::begin_with(const json::array& before) {
  std::vector<const json::object*> changes;
  for (const json::value& value : before) {
    if (value.is_object()) changes.push_back(&value.get_object());
  }
  // A daemon that was lost has said so by what it kept last.
  std::ranges::stable_sort(changes, {}, [](const json::object* change) {
    return std::pair(time_of(*change, "time"), event_of(*change) == ConditionEvent::lost);
  });
  for (const json::object* change : changes) add(*change);
  for (auto& [name, band] : bands_) {
    for (Stretch& one : band) one.from = std::max(one.from, from_);
  }
}

void ConditionBands::add(const json::object& change) {
  const TimePoint time = time_of(change, "time").value_or(from_);
  if (!change.contains("name")) return daemon_changed(time, text_of(change, "event"));
  bands_[name_of(change)].push_back({time, level_of(change)});
}

// Nothing is known of any condition until it is measured again.
void ConditionBands::daemon_changed(TimePoint time, std::string_view event) {
  const auto known = parse_word<ConditionEvent>(event);
  const bool runs = known && is_running(*known);
  for (auto& [name, band] : bands_) band.push_back({time, Level::unknown});
  bands_[kDaemon].push_back({time, runs ? Level::all : Level::unknown});
}

TimePoint ConditionBands::time_of_column(std::size_t column, std::size_t columns) const {
  return from_ +
         (to_ - from_) * static_cast<std::int64_t>(column) / static_cast<std::int64_t>(columns);
}

// What it was for the longest part of that time.
ConditionBands::Level ConditionBands::level_in(const std::vector<Stretch>& band, TimePoint from,
                                               TimePoint to) const {
  std::array<Duration, 4> times{};
  auto next = std::ranges::upper_bound(band, from, {}, &Stretch::from);
  Level level = next == band.begin() ? Level::unknown : std::prev(next)->level;
  for (; from < to; ++next) {
    const TimePoint end = next == band.end() ? to : std::min(next->from, to);
    times[static_cast<std::size_t>(level)] += end - from;
    if (next == band.end()) break;
    from = end;
    level = next->level;
  }
  return static_cast<Level>(std::ranges::max_element(times) - times.begin());
}

std::string ConditionBands::band_of(const std::vector<Stretch>& band, const Style& style,
                                    std::size_t columns) const {
  std::string text;
  for (std::size_t i = 0; i < columns; ++i) {
    switch (level_in(band, time_of_column(i, columns), time_of_column(i + 1, columns))) {
      case Level::unknown:
        text += ' ';
        break;
      case Level::none:
        text += style.low_block();
        break;
      case Level::part:
        text += style.half_block();
        break;
      case Level::all:
        text += style.full_block();
        break;
    }
  }
  return text;
}

std::string ConditionBands::axis(const Style& style, std::size_t columns) const {
  const Duration tick = tick_of((to_ - from_) / static_cast<std::int64_t>(columns));
  std::string line;
  for (std::size_t i = 0; i < columns; ++i) {
    const TimePoint begin = time_of_column(i, columns);
    const TimePoint end = time_of_column(i + 1, columns);
    const Duration offset = utc_offset(end);
    const TimePoint mark{(end.time_since_epoch() + offset - 1ms) / tick * tick - offset};
    if (mark < begin) continue;
    const std::string local = local_time(mark);  // `2026-11-23 10:20:45`
    const std::string text = tick >= Days{1} ? local.substr(5, 5)
                             : tick >= 1min  ? local.substr(11, 5)
                                             : local.substr(11);
    if (display_width(line) > i || i + 1 + text.size() > columns) continue;
    line = cell(line, i) + style.tick() + text;
  }
  return line;
}

void ConditionBands::print(std::ostream& out, const Style& style, std::size_t width) const {
  if (bands_.empty() || to_ <= from_) return;
  std::size_t label = 0;
  for (const auto& [name, band] : bands_) label = std::max(label, display_width(name));
  label = std::min(label, kLongestName);
  if (width < label + 2 + kLeastColumns) return;
  const std::size_t columns = width - label - 2;
  for (const auto& [name, band] : bands_) {
    std::string line = cell(cut_to_width(name, label), label + 2) + band_of(band, style, columns);
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
  out << std::string(label + 2, ' ') << axis(style, columns) << '\n';
  const std::string legend =
      fmt::format("{} yes, ok, unmetered  {} metered  {} no, low  blank: not known",
                  style.full_block(), style.half_block(), style.low_block());
  out << style.dim(cut_to_width(legend, width)) << "\n\n";
}

}  // namespace wm::cli
