#include "cli/render/why.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/work.h"
#include "cli/shell_words.h"
#include "core/constraints.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

std::string in_quotes(const std::string& text) { return "'" + printable(text) + "'"; }

std::string network(const std::string& type) {
  if (type == word(NetworkType::unmetered)) return "an unmetered network";
  if (type == word(NetworkType::metered)) return "a metered network";
  if (type == word(NetworkType::not_roaming)) return "a network without roaming";
  return "a network";
}

}  // namespace

std::string awaited_constraint(const json::object& wait) {
  const std::string name = text_of(wait, "name");
  const std::string required = text_of(wait, "required");
  if (name == def_of(Constraint::network).name) return network(required);
  if (name == def_of(Constraint::between).name) return "its window " + required;
  const auto* const def = std::ranges::find(kConstraints, name, &ConstraintDef::name);
  if (def != kConstraints.end() && !def->awaited.empty()) return std::string(def->awaited);
  return name == "settle" ? "its constraints to hold for a while"
                          : "the condition " + in_quotes(name);
}

bool is_time_of_day(const json::object& wait) {
  const std::string name = text_of(wait, "name");
  return name == "calendar" || name == "at" || name == def_of(Constraint::between).name;
}

// A preference and a deadline do not say when a constraint will hold, but how long it matters.
std::optional<TimePoint> foreseen_end(const json::object& wait) {
  const bool foreseen = is_time_of_day(wait) || text_of(wait, "name") == "settle";
  const bool constraint = text_of(wait, "kind") == word(WaitKind::constraint);
  return constraint && !foreseen ? std::nullopt : time_of(wait, "until");
}

namespace {

// ` (tomorrow 02:30, in 4h)`, or ` (in 14m)` if nobody has named a time of day.
std::string moment(const json::object& wait, TimePoint now) {
  const auto until = time_of(wait, "until");
  if (!until) return "";
  if (!foreseen_end(wait)) {
    return " (for at most " + rough_duration(std::max(*until - now, Duration{1s})) + " more)";
  }
  return " (" + (is_time_of_day(wait) ? day_and_time(*until, now) + ", " : "") +
         relative_time(*until, now) + ")";
}

// `, which is spent until today 14:02`
std::string spent_until(const json::object& wait, TimePoint now) {
  const auto until = time_of(wait, "until");
  return until ? ", which is spent until " + day_and_minute(*until, now) : ", which is spent";
}

bool is_for_a_time(const json::object& wait) {
  const auto kind = parse_word<WaitKind>(text_of(wait, "kind"));
  return kind &&
         (*kind == WaitKind::delay || *kind == WaitKind::period || *kind == WaitKind::backoff);
}

// `: exit 1, at attempt 5 of 5, 4s ago`
std::string end_of(const json::object& work, TimePoint now) {
  const json::object& result = object_of(work, "lastResult");
  const std::string cause = result.empty() ? "" : cause_of(result);
  std::vector<std::string> parts{cause};
  const std::int64_t attempts = number_of(work, "runAttemptCount");
  const std::int64_t most = number_of(work, "maxAttempts");
  const bool told = cause.find("attempt") != std::string::npos;
  if (most > 0 && attempts > 0 && !told)
    parts.push_back(fmt::format("attempt {} of {}", attempts, most));
  if (const auto ended = time_of(work, "lastFinishedAt")) {
    parts.push_back(relative_time(*ended, now));
  }
  const std::string text = join(parts);
  return text.empty() ? "" : ": " + text;
}

// The name in a table: only constraints explain themselves.
std::string fact_of(const json::object& wait) {
  const std::string kind = text_of(wait, "kind");
  std::string name = text_of(wait, "name");
  if (kind == word(WaitKind::constraint)) return name;
  if (is_for_a_time(wait)) return "due";
  return name.empty() ? kind : kind + " " + name;
}

// What it needs, in the words of what is measured: a battery that is low should be ok.
std::string needed(const json::object& wait) {
  return text_of(wait, "actual") == "low" ? "ok" : text_of(wait, "required");
}

// `metered, needs unmetered`; of a time, when it comes.
std::string state_of_fact(const json::object& wait, bool holds, TimePoint now) {
  const std::string actual = text_of(wait, "actual");
  const auto until = time_of(wait, "until");
  if (is_for_a_time(wait) && until) {
    return day_and_time(*until, now) + ", " + relative_time(*until, now);
  }
  return holds ? actual : actual + ", needs " + needed(wait);
}

// An appended job has the name of its prerequisite.
std::string other(const std::string& name, const json::object& why) {
  return name == text_of(why, "uniqueName") ? "the job that it was appended to" : in_quotes(name);
}

}  // namespace

bool is_about_failure(const json::object& work) {
  const std::string state = text_of(work, "state");
  const std::string outcome = text_of(object_of(work, "lastResult"), "outcome");
  return (state == word(WorkState::failed) || state == word(WorkState::enqueued)) &&
         (outcome == word(RunOutcome::failed) || outcome == word(RunOutcome::retry));
}

bool matters(const json::object& wait, const json::object& job) {
  const auto end = time_of(wait, "until");
  if (text_of(wait, "kind") != word(WaitKind::paused) || !end) return true;
  return std::ranges::none_of(array_of(job, "waitingFor"), [&](const json::value& other) {
    const auto due = time_of(other.as_object(), "until");
    return is_for_a_time(other.as_object()) && due && *due >= *end;
  });
}

std::string enumerated(const std::vector<std::string>& parts) {
  constexpr std::size_t kMost = 3;
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i == kMost && parts.size() > kMost + 1) {
      return text + fmt::format(" and {} more", parts.size() - kMost);
    }
    text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  }
  return text;
}

std::string awaited_by(const json::object& job, const json::object& wait, TimePoint now) {
  const bool appended = text_of(wait, "kind") == word(WaitKind::prerequisite) &&
                        text_of(wait, "name") == text_of(job, "uniqueName");
  return appended ? "the job that it was appended to, which is " + text_of(wait, "actual")
                  : awaited(wait, now);
}

std::string awaited(const json::object& wait, TimePoint now) {
  std::string name = text_of(wait, "name");
  switch (parse_word<WaitKind>(text_of(wait, "kind")).value_or(WaitKind::slot)) {
    case WaitKind::constraint:
      return awaited_constraint(wait) + moment(wait, now);
    case WaitKind::delay:
    case WaitKind::period:
      return "its time" + moment(wait, now);
    case WaitKind::backoff:
      return "its next attempt" + moment(wait, now);
    case WaitKind::prerequisite:
      return in_quotes(name) + ", which is " + text_of(wait, "actual");
    case WaitKind::slot:
      return "a free slot";
    case WaitKind::group:
      return "a free slot of the group " + in_quotes(name);
    case WaitKind::paused:
      return name.empty() ? "the end of a pause" + moment(wait, now)
                          : "the end of the pause of group " + in_quotes(name) + moment(wait, now);
    case WaitKind::quota:
      return "its owner's budget of expedited runs" + spent_until(wait, now);
    case WaitKind::trigger:
      return "a change of " + printable(name);
    case WaitKind::replaced:
      return "the end of the run that it replaces";
    case WaitKind::daemon:
      return "a daemon";
    case WaitKind::keep_alive:
      return "its owner's word (KeepAlive)";
  }
  return name;
}

std::string what_it_does(const json::object& why, const json::object& work, TimePoint now) {
  const std::string state = text_of(why, "state");
  if (const std::string failed = text_of(why, "failedPrerequisite"); !failed.empty()) {
    return (state == word(WorkState::failed) ? "has " : "is ") + state + ", because " +
           other(failed, why) + " has not succeeded";
  }
  if (state == word(WorkState::running)) {
    const json::object& data = object_of(object_of(work, "progress"), "data");
    return "is " + run_so_far(work, now) +
           (data.empty() ? "" : ": " + printable(json::serialize(data)));
  }
  if (state == word(WorkState::failed)) return "has failed" + end_of(work, now);
  if (state == word(WorkState::succeeded)) {
    const auto ended = time_of(work, "lastFinishedAt");
    return "has succeeded" + (ended ? ", " + relative_time(*ended, now) : "");
  }
  if (state == word(WorkState::cancelled)) {
    const std::string reason = text_of(work, "stopReason");
    return "is cancelled" + (reason.empty() || reason == state ? "" : ": " + printable(reason));
  }
  std::vector<std::string> parts;
  for (const json::value& wait : array_of(why, "waitingFor")) {
    parts.push_back(awaited_by(why, wait.as_object(), now));
  }
  if (parts.empty()) return "starts now";
  const bool stopped =
      text_of(object_of(work, "lastResult"), "outcome") == word(RunOutcome::interrupted);
  const std::string after = is_about_failure(work) ? "; the last run" + end_of(work, now)
                            : stopped ? "; the last run was stopped" + end_of(work, now)
                                      : "";
  return "waits for " + enumerated(parts) + after;
}

std::string verdict(const json::object& why, const json::object& work, TimePoint now) {
  return in_quotes(text_of(why, "uniqueName")) + " " + what_it_does(why, work, now);
}

void print_facts(std::ostream& out, const Style& style, const json::object& why,
                 const json::object& work, std::size_t width, TimePoint now) {
  const auto painted = [](const Style& one, std::string_view sign) {
    return sign == one.yes() ? one.green(sign) : one.red(sign);
  };
  const auto dim = [](const Style& one, std::string_view text) { return one.dim(text); };
  constexpr std::size_t kIndent = 2;
  const std::size_t room = width > kIndent ? width - kIndent : 0;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> details;
  const auto add = [&](const json::object& wait, bool holds) {
    const auto since = time_of(wait, "since");
    const bool known = since && *since != TimePoint{} && !is_for_a_time(wait);
    rows.push_back({"", holds ? style.yes() : style.no(), fact_of(wait),
                    state_of_fact(wait, holds, now),
                    known ? "for " + rough_duration(now - *since) : "", text_of(wait, "detail")});
    const std::string detail = text_of(wait, "detail");
    if (!holds && !detail.empty()) details.push_back(fact_of(wait) + ": " + detail);
  };
  if (const auto due = time_of(work, "nextRunAt"); due && *due <= now) {
    const std::string schedule = schedule_of(work);
    rows.push_back({"", style.yes(), "due",
                    day_and_time(*due, now) + (schedule.empty() ? "" : ", " + schedule),
                    "for " + rough_duration(now - *due), ""});
  }
  for (const json::value& wait : array_of(why, "waitingFor")) add(wait.as_object(), false);
  for (const json::value& wait : array_of(why, "met")) add(wait.as_object(), true);
  const auto table_of = [&](bool with_details) {
    Table table({{""}, {"", painted}, {""}, {""}, {"", dim}, {"", dim}});
    for (std::vector<std::string> row : rows) {
      if (!with_details) row.back().clear();
      table.add(std::move(row));
    }
    return table;
  };
  Table table = table_of(true);
  const bool fits = width == 0 || table.whole_width() <= room;
  if (!fits) table = table_of(false);
  table.print(out, style, width);
  if (fits) return;
  for (const std::string& detail : details) out << "  " << style.dim(printable(detail)) << '\n';
}

std::string program_for(const std::string& owner) {
  return owner.empty() ? "wm " : "wm --owner " + shell_word(owner) + " ";
}

std::string command_line(std::string_view command, const std::string& name,
                         const std::string& owner) {
  return program_for(owner) + std::string(command) + (name.starts_with('-') ? " -- " : " ") +
         shell_word(name);
}

std::vector<std::string> next_steps(const json::object& why, const Asker& asker) {
  const std::string& owner = asker.owner;
  const std::string name = text_of(why, "uniqueName");
  const std::string state = text_of(why, "state");
  if (const std::string failed = text_of(why, "failedPrerequisite"); !failed.empty()) {
    if (failed == name) return {"What has happened: " + command_line("history", name, owner)};
    return {"Why that: " + command_line("why", failed, owner)};
  }
  if (state == word(WorkState::succeeded))
    return {"Its output: " + command_line("logs", name, owner)};
  if (state == word(WorkState::running))
    return {"Its output: " + command_line("logs -f", name, owner)};
  if (state == word(WorkState::failed)) {
    return {"Once more: " + command_line("retry", name, owner)};
  }
  if (state == word(WorkState::cancelled))
    return {"Once more: " + command_line("retry", name, owner)};
  const json::array& waits = array_of(why, "waitingFor");
  if (waits.empty()) return {};
  const json::object& first = waits.front().as_object();
  if (text_of(first, "kind") == word(WaitKind::prerequisite)) {
    if (text_of(first, "name") == name) return {"Both of them: " + program_for(owner) + "list"};
    return {"Why that: " + command_line("why", text_of(first, "name"), owner)};
  }
  const bool crowded = std::ranges::all_of(waits, [](const json::value& wait) {
    const std::string kind = text_of(wait.as_object(), "kind");
    return kind == word(WaitKind::slot) || kind == word(WaitKind::group);
  });
  if (crowded) return {"What has the slots: " + program_for(owner) + "list --state running"};
  std::vector<std::string> steps;
  for (const json::value& wait : waits) {
    if (text_of(wait.as_object(), "kind") != word(WaitKind::paused)) continue;
    if (!matters(wait.as_object(), why)) continue;
    const std::string group = text_of(wait.as_object(), "name");
    steps.push_back((asker.rules ? "End the pause: " : "Root may end the pause: ") +
                    (group.empty() ? "wm resume" : command_line("resume --group", group)));
  }
  if (steps.empty()) steps.push_back("Now anyway: " + command_line("run", name, owner));
  return steps;
}

}  // namespace wm::cli
