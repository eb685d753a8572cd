#include "cli/render/why_then.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/why.h"
#include "cli/render/work.h"
#include "core/json_fields.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

// Seconds matter only for a while.
std::string past_time(TimePoint time, TimePoint now) {
  return now - time < 1h ? day_and_time(time, now) : day_and_minute(time, now);
}

std::string then_of(const json::object& why, TimePoint now) {
  return day_and_time(time_of(why, "at").value_or(now), now);
}

bool is_kind(const json::object& wait, WaitKind kind) {
  return text_of(wait, "kind") == word(kind);
}

bool has_kind(const json::array& waits, WaitKind kind) {
  return std::ranges::any_of(
      waits, [&](const json::value& wait) { return is_kind(wait.as_object(), kind); });
}

bool is_about_time(const json::object& wait) {
  return is_kind(wait, WaitKind::delay) || is_kind(wait, WaitKind::period) ||
         is_kind(wait, WaitKind::backoff);
}

// `an unmetered network, until today 03:12`
std::string awaited_then(const json::object& wait, TimePoint now) {
  const auto until = time_of(wait, "until");
  std::string text;
  if (is_kind(wait, WaitKind::daemon)) {
    const std::string actual = text_of(wait, "actual");
    text = actual == "not running" ? "wmd was not running" : printable(actual);
  } else if (is_about_time(wait)) {
    const bool next = is_kind(wait, WaitKind::backoff);
    return std::string("it was not due") + (next ? " again, after an attempt in vain," : "") +
           (until ? " until " + past_time(*until, now) : "");
  } else if (is_kind(wait, WaitKind::paused)) {
    const std::string group = text_of(wait, "name");
    text = group.empty() ? "jobs were paused" : "the group '" + printable(group) + "' was paused";
  } else {
    json::object timeless = wait;
    timeless.erase("until");
    timeless["actual"] = "unfinished";  // Of a prerequisite.
    text = "it waited for " + awaited(timeless, now);
  }
  return text + (until ? ", until " + past_time(*until, now) : "");
}

// `from yesterday 22:10 to today 03:12`; what took no time is at one.
std::string stretch_text(const std::optional<TimePoint>& from, const std::optional<TimePoint>& to,
                         TimePoint now) {
  if (from && to) {
    const std::string first = past_time(*from, now);
    const std::string last = past_time(*to, now);
    return first == last ? "at " + first : "from " + first + " to " + last;
  }
  if (from) return "since " + past_time(*from, now);
  return to ? "until " + past_time(*to, now) : "";
}

// `run 12, from yesterday 03:00 to 03:12, succeeded`
std::string run_text(const json::object& run, TimePoint now) {
  const std::string outcome = text_of(run, "outcome");
  return fmt::format("run {}, {}{}", number_of(run, "run"),
                     stretch_text(time_of(run, "startedAt"), time_of(run, "finishedAt"), now),
                     outcome.empty() ? ", which goes on" : ", " + printable(outcome));
}

std::string waiting_verdict(const std::string& name, const json::object& why, TimePoint now) {
  const std::string then = then_of(why, now);
  const json::array& waits = array_of(why, "waitingFor");
  const json::array& unknown = array_of(why, "notKnown");
  std::vector<std::string> parts;
  for (const json::value& wait : waits) parts.push_back(awaited_then(wait.as_object(), now));
  if (!parts.empty()) {
    // One cause is a sentence; the facts below have the others.
    const std::string others =
        parts.size() > 1 ? fmt::format(" (and {} more)", parts.size() - 1) : "";
    return name + " did not run " + then + ": " + parts.front() + others;
  }
  if (has_kind(unknown, WaitKind::daemon)) {
    return "Nothing is known of " + then + ": it is not on record whether wmd was running";
  }
  if (unknown.empty()) return name + " could have started " + then + ": nothing held it back";
  return name + " did not run " + then + ", and it is not on record why";
}

std::string past_fact(const json::object& wait) {
  std::string name = text_of(wait, "name");
  if (is_kind(wait, WaitKind::constraint)) return name;
  if (is_about_time(wait)) return "due";
  if (is_kind(wait, WaitKind::daemon)) return "wmd";
  return name.empty() ? text_of(wait, "kind") : text_of(wait, "kind") + " " + name;
}

// `metered, needs unmetered`; of a time, when it came.
std::string past_value(const json::object& wait, const std::string& sign, const Style& style,
                       TimePoint now) {
  const std::string actual = text_of(wait, "actual");
  if (sign == style.unknown()) return "unknown: " + actual;
  if (is_about_time(wait)) {
    const auto until = time_of(wait, "until");
    return until ? past_time(*until, now) : actual;
  }
  const bool needs = sign == style.no() && !is_kind(wait, WaitKind::daemon);
  return needs ? actual + ", needs " + text_of(wait, "required") : actual;
}

// The two times may be within a second.
std::string registration_time(const json::object& why, TimePoint registered, TimePoint now) {
  const std::string time = past_time(registered, now);
  const auto at = time_of(why, "at");
  return at && past_time(*at, now) == time ? "a moment later" : time;
}

}  // namespace

std::string verdict_then(const json::object& why, TimePoint now) {
  const std::string name = "'" + printable(text_of(why, "uniqueName")) + "'";
  const std::string then = then_of(why, now);
  const std::string state = text_of(why, "state");
  const json::object& last = object_of(why, "last");
  if (const json::object& run = object_of(why, "run"); !run.empty()) {
    return name + " was running " + then + ": " + run_text(run, now);
  }
  if (state == "unregistered") {
    const auto registered = time_of(why, "registeredAt");
    return name + " was not registered yet " + then +
           (registered ? ": that was " + registration_time(why, *registered, now) : "");
  }
  const auto known = parse_word<WorkState>(state);
  if (known && is_finished(*known)) {
    const std::string ended = *known == WorkState::cancelled ? " was cancelled" : " had " + state;
    return name + ended + " before " + then + (last.empty() ? "" : ": " + run_text(last, now));
  }
  return waiting_verdict(name, why, now);
}

void print_facts_then(std::ostream& out, const Style& style, const json::object& why,
                      std::size_t width, TimePoint now) {
  const auto painted = [](const Style& one, std::string_view sign) {
    if (sign == one.unknown()) return one.yellow(sign);
    return sign == one.yes() ? one.green(sign) : one.red(sign);
  };
  const auto dim = [](const Style& one, std::string_view text) { return one.dim(text); };
  Table table({{""}, {"", painted}, {""}, {""}, {"", dim}, {"", dim, 1}});
  const auto add = [&](std::string_view key, const std::string& sign) {
    for (const json::value& value : array_of(why, key)) {
      const json::object& wait = value.as_object();
      const auto since = is_about_time(wait) ? std::nullopt : time_of(wait, "since");
      const auto until = is_about_time(wait) ? std::nullopt : time_of(wait, "until");
      table.add({"", sign, past_fact(wait), past_value(wait, sign, style, now),
                 stretch_text(since, until, now), text_of(wait, "detail")});
    }
  };
  add("waitingFor", style.no());
  add("notKnown", style.unknown());
  add("met", style.yes());
  if (!table.empty()) table.print(out, style, width);
}

std::vector<std::string> next_steps_then(const json::object& why, TimePoint now,
                                         const std::string& owner) {
  const std::string name = text_of(why, "uniqueName");
  const bool waited = text_of(why, "state") == word(WorkState::enqueued);
  std::vector<std::string> steps;
  if (const auto changes = number_of(why, "generation"); changes > 0 && waited) {
    steps.push_back(
        fmt::format("The job was changed {} since it was registered: this is judged by "
                    "what it needs now",
                    changes == 1 ? "once" : fmt::format("{} times", changes)));
  }
  if (const json::object& run = object_of(why, "run"); !run.empty()) {
    steps.push_back("Its output: " +
                    command_line(fmt::format("logs --run {}", number_of(run, "run")), name, owner));
    return steps;
  }
  const auto state = parse_word<WorkState>(text_of(why, "state"));
  if (state && is_finished(*state)) {
    steps.push_back("What has happened: " + command_line("history", name, owner));
    return steps;
  }
  const json::object& next = object_of(why, "next");
  const auto started = time_of(next, "startedAt");
  if (started) {
    steps.push_back("It ran " + past_time(*started, now) + ": " +
                    command_line("history", name, owner));
  } else {
    steps.push_back("It has not run since: " + command_line("why", name, owner));
  }
  if (!array_of(why, "notKnown").empty() || !array_of(why, "waitingFor").empty()) {
    const auto at = time_of(why, "at").value_or(now);
    steps.push_back("What the conditions were: wm conditions --since \"" +
                    day_and_time(std::chrono::floor<std::chrono::minutes>(at - 1h), now) + "\"");
  }
  return steps;
}

}  // namespace wm::cli
