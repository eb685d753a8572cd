#include "cli/render/overview.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/render/local_time.h"
#include "cli/render/why.h"
#include "cli/render/work.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

std::optional<WaitKind> kind_of(const json::object& wait) {
  const auto kind = parse_word<WaitKind>(text_of(wait, "kind"));
  return kind ? std::optional(*kind) : std::nullopt;
}

bool waits_for(const json::object& work, WaitKind kind) {
  return std::ranges::any_of(array_of(work, "waitingFor"), [&](const json::value& wait) {
    return kind_of(wait.as_object()) == kind;
  });
}

// The wait that ends last among those whose end is known. A trigger knows only its deadline.
const json::object* last_to_end(const json::object& work, TimePoint now) {
  const json::object* last = nullptr;
  for (const json::value& value : array_of(work, "waitingFor")) {
    const json::object& wait = value.as_object();
    const auto end = foreseen_end(wait);
    if (kind_of(wait) == WaitKind::trigger || !matters(wait, work)) continue;
    if (end && *end > now && (!last || *end > foreseen_end(*last))) last = &wait;
  }
  return last;
}

// An appended job has the name of its prerequisite.
std::string predecessor(const json::object& wait, const json::object& work) {
  const std::string name = text_of(wait, "name");
  return name == text_of(work, "uniqueName") ? "the one before it" : name;
}

std::string predecessors(const json::object& work) {
  std::vector<std::string> names;
  for (const json::value& value : array_of(work, "waitingFor")) {
    const json::object& wait = value.as_object();
    if (kind_of(wait) == WaitKind::prerequisite) names.push_back(predecessor(wait, work));
  }
  return join(names);
}

// When it runs although its constraints do not hold: all of them matter only until then.
std::optional<TimePoint> limit_of(const json::array& waits, TimePoint now) {
  std::optional<TimePoint> limit;
  for (const json::value& value : waits) {
    const auto until = time_of(value.as_object(), "until");
    if (kind_of(value.as_object()) != WaitKind::constraint || !until || *until <= now) return {};
    limit = std::max(limit.value_or(*until), *until);
  }
  return limit;
}

// Its next run, if nobody knows the time.
std::string when(const json::object& work, TimePoint now) {
  const json::array& waits = array_of(work, "waitingFor");
  const auto limit = limit_of(waits, now);
  if (waits.empty()) return "now";
  switch (kind_of(waits.front().as_object()).value_or(WaitKind::slot)) {
    case WaitKind::constraint:
      return limit ? relative_time(*limit, now) + " at the latest" : "when it holds";
    case WaitKind::prerequisite:
      return "after " + predecessors(work);
    case WaitKind::slot:
    case WaitKind::group:
      return "when one is free";
    case WaitKind::paused:
      return "once resumed";
    case WaitKind::trigger:
      return "on a change";
    case WaitKind::replaced:
      return "after that run";
    case WaitKind::keep_alive:
      return "when kept alive";
    case WaitKind::delay:
    case WaitKind::period:
    case WaitKind::backoff:
    case WaitKind::quota:
    case WaitKind::daemon:
      break;
  }
  return "now";
}

std::string without_article(const std::string& text) {
  for (const std::string_view article : {"a ", "an ", "the "}) {
    if (text.starts_with(article)) return text.substr(article.size());
  }
  return text;
}

// What it waits for besides its time, in a few words.
std::string need(const json::object& wait) {
  const std::string name = text_of(wait, "name");
  switch (kind_of(wait).value_or(WaitKind::slot)) {
    case WaitKind::constraint:
      return without_article(awaited_constraint(wait));
    case WaitKind::group:
      return "group " + name;
    case WaitKind::slot:
      return "a free slot";
    case WaitKind::paused:
      return name.empty() ? "paused" : "group " + name + " paused";
    case WaitKind::delay:
    case WaitKind::period:
    case WaitKind::backoff:
    case WaitKind::prerequisite:
      return "";
    case WaitKind::quota:
    case WaitKind::trigger:
    case WaitKind::replaced:
    case WaitKind::daemon:
    case WaitKind::keep_alive:
      break;
  }
  return awaited(wait, {});
}

// `failed: exit 1 (1 of 5)`
std::string failure(const json::object& work) {
  const json::object& result = object_of(work, "lastResult");
  const std::int64_t attempts = number_of(work, "runAttemptCount");
  const std::int64_t most = number_of(work, "maxAttempts");
  const std::string cause = result.empty() ? "" : cause_of(result);
  if (const std::string other = text_of(work, "failedPrerequisite"); !other.empty()) {
    return "failed: " + other + " has not succeeded";
  }
  if (cause.empty()) return "";
  // The daemon's own words may tell the attempts already.
  const bool told = cause.find("attempt") != std::string::npos;
  return "failed: " + cause +
         (most > 0 && attempts > 0 && !told ? fmt::format(" ({} of {})", attempts, most) : "");
}

// Where it stands among others; of those that are due at a time, the time.
std::pair<int, TimePoint> place_of(const json::object& work, TimePoint now) {
  const auto state = parse_word<WorkState>(text_of(work, "state")).value_or(WorkState::enqueued);
  if (state == WorkState::running) return {0, {}};
  const json::object* const last = last_to_end(work, now);
  const TimePoint due = last ? foreseen_end(*last).value_or(now) : TimePoint::max();
  if (waits_for(work, WaitKind::backoff)) return {1, due};
  if (state == WorkState::failed) return {2, {}};
  if (is_finished(state)) return {4, {}};
  return {3, due};
}

}  // namespace

void sort_for_reading(json::array& works, TimePoint now) {
  std::vector<std::pair<std::pair<int, TimePoint>, json::value>> placed;
  placed.reserve(works.size());
  for (json::value& work : works) {
    const auto place = place_of(work.as_object(), now);
    placed.emplace_back(place, std::move(work));
  }
  std::ranges::stable_sort(placed, {}, [](const auto& one) { return one.first; });
  for (std::size_t i = 0; i < works.size(); ++i) works[i] = std::move(placed[i].second);
}

std::string sign_of(const json::object& work, const Style& style) {
  switch (parse_word<WorkState>(text_of(work, "state")).value_or(WorkState::enqueued)) {
    case WorkState::running:
      return style.running();
    case WorkState::failed:
      return style.no();
    case WorkState::succeeded:
      return style.yes();
    case WorkState::cancelled:
      return style.none();
    case WorkState::enqueued:
    case WorkState::blocked:
      break;
  }
  return waits_for(work, WaitKind::backoff) ? style.no() : style.waiting();
}

std::string painted_sign(const Style& style, std::string_view sign) {
  if (sign == style.yes()) return style.green(sign);
  if (sign == style.no()) return style.red(sign);
  return sign == style.running() ? style.blue(sign) : style.dim(sign);
}

std::string next_of(const json::object& work, TimePoint now) {
  const auto state = parse_word<WorkState>(text_of(work, "state"));
  if (state == WorkState::running) return run_so_far(work, now);
  if (state && is_finished(*state)) return text_of(work, "state");
  if (waits_for(work, WaitKind::trigger)) return when(work, now);
  const json::object* const last = last_to_end(work, now);
  if (!last) return when(work, now);
  const TimePoint end = foreseen_end(*last).value_or(now);
  const std::string time = is_time_of_day(*last) ? day_and_time(end, now) : relative_time(end, now);
  return (kind_of(*last) == WaitKind::backoff ? "retry " : "") + time;
}

std::string needs_of(const json::object& work) {
  std::vector<std::string> parts;
  const bool failed = text_of(work, "state") == word(WorkState::failed);
  if (failed || waits_for(work, WaitKind::backoff)) parts.push_back(failure(work));
  for (const json::value& wait : array_of(work, "waitingFor")) {
    if (matters(wait.as_object(), work)) parts.push_back(need(wait.as_object()));
  }
  return join(parts);
}

std::string last_run_of(const json::object& work, const Style& style, TimePoint now) {
  const json::object& result = object_of(work, "lastResult");
  const auto ended = time_of(work, "lastFinishedAt");
  if (result.empty() || !ended) return style.none();
  const std::string outcome = text_of(result, "outcome");
  const std::string sign = outcome == word(RunOutcome::succeeded)     ? style.yes()
                           : outcome == word(RunOutcome::interrupted) ? outcome
                                                                      : style.no();
  const bool recent = now - *ended < 1h;
  return sign + " " + (recent ? relative_time(*ended, now) : day_and_minute(*ended, now));
}

}  // namespace wm::cli
