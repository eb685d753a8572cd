#include "cli/render/work.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/render/chain.h"
#include "cli/render/facts.h"
#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/why.h"
#include "cli/shell_words.h"
#include "core/messages.h"
#include "core/outcome.h"
#include "core/size.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kLabel = 14;  // The columns of the longest label, and more.

// A flag as people say it: `battery not low`.
std::string spoken(std::string_view key) {
  const auto* const def = std::ranges::find(kConstraints, key, &ConstraintDef::json);
  std::string text(def == kConstraints.end() ? key : def->name);
  std::ranges::replace(text, '-', ' ');
  return text;
}

std::string constraints_text(const json::object& constraints) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : constraints) {
    if (value.is_string()) {
      parts.push_back(std::string(key) + " " + std::string(value.get_string()));
    } else if (value.is_array()) {
      const std::string texts = join(texts_of(value.get_array()), " or ");
      parts.push_back(key == def_of(Constraint::custom).json ? texts : spoken(key) + " " + texts);
    } else {
      parts.push_back(spoken(key));
    }
  }
  return join(parts);
}

std::string duration_of(const json::object& object, std::string_view key) {
  return format_duration(Duration{number_of(object, key)});
}

std::string preferences_of(const json::object& work) {
  std::vector<std::string> parts;
  for (const json::value& value : array_of(work, "prefer")) {
    const json::object& preference = value.as_object();
    parts.push_back(constraints_text(object_of(preference, "constraints")) + " (for " +
                    duration_of(preference, "relaxAfterMs") + ")");
  }
  return join(parts);
}

// Describes its order where that differs from the default.
std::string order_of(const json::object& work) {
  std::vector<std::string> parts;
  if (work.contains("expedited")) parts.emplace_back("expedited");
  if (const auto priority = number_of(work, "priority"); priority != 0) {
    parts.push_back(fmt::format("priority {}", priority));
  }
  if (const std::string group = text_of(work, "group"); !group.empty()) {
    parts.push_back("group " + group);
  }
  return join(parts);
}

std::string last_result_of(const json::object& work) {
  const json::object& result = object_of(work, "lastResult");
  return result.empty() ? "" : join(std::vector{text_of(result, "outcome"), cause_of(result)});
}

}  // namespace

std::string schedule_of(const json::object& work) {
  if (const std::string calendar = text_of(work, "calendar"); !calendar.empty()) {
    return "calendar " + calendar;
  }
  if (number_of(work, "everyMs") == 0) return "";
  std::string text = "every " + duration_of(work, "everyMs");
  if (number_of(work, "flexMs") != 0) text += ", in the last " + duration_of(work, "flexMs");
  return text_of(work, "cadence") == "fixed" ? text + ", fixed" : text;
}

std::string state_of(const json::object& work) {
  const std::string state = text_of(work, "state");
  if (work.contains("suspended")) return state + " (suspended)";
  const json::object& progress = object_of(work, "progress");
  if (state == "running" && progress.contains("percent")) {
    return fmt::format("{}, {} %", state, number_of(progress, "percent"));
  }
  return state == "running" && !text_of(work, "stopReason").empty() &&
                 text_of(object_of(work, "lastResult"), "stopReason") != text_of(work, "stopReason")
             ? "running (stopping)"
             : state;
}

std::string time_so_far(const json::object& work, TimePoint now) {
  const auto started = time_of(work, "startedAt");
  if (!started) return "";
  std::string text = rough_duration(std::max(now - *started, Duration{}));
  if (!work.contains("usualMs")) return text;
  const Duration usual{number_of(work, "usualMs")};
  return text + (now - *started > usual ? ", usually " : " of about ") + rough_duration(usual);
}

std::string run_so_far(const json::object& work, TimePoint now) {
  std::string text = state_of(work);
  const std::size_t comma = text.find(',');
  if (comma != std::string::npos) text.erase(comma, 1);
  return join(std::vector{text, time_so_far(work, now)});
}

std::string pause_text(const json::object& pause, TimePoint now, bool times) {
  const std::string group = text_of(pause, "group");
  std::string what = group.empty() ? "everything" : "group " + group;
  const auto until = time_of(pause, "until");
  if (!until) return what;
  if (times) return what + ", until " + local_time(*until);
  if (*until - now < std::chrono::minutes(1)) return what + ", until " + day_and_time(*until, now);
  return what + ", until " + day_and_minute(*until, now) + " (" + relative_time(*until, now) + ")";
}

namespace {

// `due tomorrow 02:30`, for a wait until a time that somebody named.
std::string due_text(const json::object& wait, TimePoint now) {
  const std::string kind = text_of(wait, "kind");
  const std::string name = text_of(wait, "name");
  const auto until = time_of(wait, "until");
  const bool named = (kind == "period" && name == "calendar") || (kind == "delay" && name == "at");
  return named && until ? "due " + day_and_time(*until, now) : "";
}

}  // namespace

std::string waits_of(const json::object& work, TimePoint now) {
  std::vector<std::string> due;
  std::vector<std::string> parts;
  for (const json::value& wait : array_of(work, "waitingFor")) {
    const std::string time = due_text(wait.as_object(), now);
    time.empty() ? parts.push_back(awaited_by(work, wait.as_object(), now)) : due.push_back(time);
  }
  if (!parts.empty()) due.push_back("waits for " + enumerated(parts));
  return join(due);
}

std::string waited_of(const json::object& run) {
  std::vector<std::string> parts;
  for (const json::value& value : array_of(run, "waited")) {
    const json::object& one = value.as_object();
    const std::string name = text_of(one, "name");
    parts.push_back((name.empty() ? text_of(one, "kind") : name) + " " +
                    rough_duration(Duration{number_of(one, "ms")}));
  }
  return join(parts);
}

std::string progress_of(const json::object& progress) {
  std::string text;
  if (progress.contains("percent")) text = fmt::format("{} %", number_of(progress, "percent"));
  const json::object& data = object_of(progress, "data");
  if (!data.empty()) text += (text.empty() ? "" : " ") + json::serialize(data);
  return text;
}

std::string cause_of(const json::object& result) { return cause_of(result_from_json(result)); }

std::string task_of(const json::object& work) {
  const std::string task = text_of(work, "taskName");
  return task.empty() ? shell_line(texts_of(work, "command")) : task;
}

std::string describe_registration(const json::object& work, const std::string& result) {
  const std::string name = "'" + text_of(work, "uniqueName") + "'";
  const std::string state = state_of(work);
  if (result == "kept")
    return name + " is kept: it is " + state + " already (--existing replace replaces it)";
  if (!text_of(work, "failedPrerequisite").empty()) {
    return name + " " + what_it_does(work, work, now());
  }
  const json::array& waits = array_of(work, "waitingFor");
  const bool next =
      waits.size() == 1 && text_of(waits.front().as_object(), "kind") == word(WaitKind::slot);
  const std::string rest = next ? "" : waits_of(work, now());
  return printable(result + " " + name + (rest.empty() ? "" : ", " + rest));
}

std::string doubt_of_time(const WorkRequest& request) {
  constexpr Duration kNow =
      std::chrono::minutes(1);  // It was meant so, and the call takes its time.
  return request.at && *request.at < now() - kNow ? "that time is past: the job is due at once"
                                                  : "";
}

namespace {

// Describes the identity and the limits of its runs.
std::string terms_of(const json::object& work) {
  std::vector<std::string> parts;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) parts.push_back(std::string(name) + ' ' + value);
  };
  const auto number = [&](std::string_view key) {
    return work.contains(key) ? std::to_string(number_of(work, key)) : "";
  };
  add("the rights of", text_of(work, "as"));
  add("nice", number("nice"));
  add("I/O class", text_of(work, "ioClass"));
  add("memory up to",
      work.contains("memoryMaxBytes") ? format_size(number_of(work, "memoryMaxBytes")) : "");
  add("CPU weight", number("cpuWeight"));
  add("tasks up to", number("tasksMax"));
  add("umask", text_of(work, "umask"));
  return join(parts);
}

// Without their values, which may be secrets.
std::string names_of(const json::object& variables) {
  std::vector<std::string> names;
  for (const auto& [name, value] : variables) names.emplace_back(name);
  return names.empty() ? "" : join(names) + " (values: --json)";
}

std::string attempts_of(const json::object& work) {
  const std::int64_t attempts = number_of(work, "runAttemptCount");
  const std::int64_t most = number_of(work, "maxAttempts");
  if (attempts == 0) return "";
  return most ? fmt::format("{} of {}", attempts, most) : fmt::format("{}", attempts);
}

std::string backoff_of(const json::object& backoff) {
  return backoff.empty() ? "" : text_of(backoff, "policy") + ", " + duration_of(backoff, "delayMs");
}

// `940K`, `12.5M`.
std::string rough_size(std::int64_t kilobytes) {
  if (kilobytes < 1024) return fmt::format("{}K", kilobytes);
  const double megabytes = static_cast<double>(kilobytes) / 1024;
  return megabytes < 1024 ? fmt::format("{:.1f}M", megabytes)
                          : fmt::format("{:.1f}G", megabytes / 1024);
}

std::string totals_of(const json::object& totals) {
  if (totals.empty()) return "";
  const std::int64_t runs = number_of(totals, "runs");
  std::vector<std::string> parts{
      rough_duration(Duration{number_of(totals, "userMs") + number_of(totals, "systemMs")}) +
      " CPU"};
  const auto add = [&](std::string_view key, const char* what) {
    if (const std::int64_t size = number_of(totals, key); size > 0) {
      parts.push_back(rough_size(size) + what);
    }
  };
  add("maxRssKb", " memory");
  add("readKb", " read");
  add("writtenKb", " written");
  parts.push_back(fmt::format("in {} {}", runs, runs == 1 ? "run" : "runs"));
  return join(parts);
}

}  // namespace

namespace {

// The page of one job, from what it does to what it is.
class JobPage {
 public:
  JobPage(std::ostream& out, const Style& style, const json::object& work, TimePoint now,
          const PageForm& form)
      : style_(style),
        work_(work),
        now_(now),
        form_(form),
        facts_(out, style, kLabel, form.width) {}

  void print_state() {
    text("description", "description");
    facts_.add("state", state_of(work_), painted());
    facts_.add("progress", progress_of(object_of(work_, "progress")));
    facts_.add("waited", waited_of(work_));
  }

  void print_terms() {
    text("kind", "kind");
    text("task", "taskName");
    facts_.add("command", shell_line(texts_of(work_, "command")));
    text("directory", "cwd");
    facts_.add("environment", names_of(object_of(work_, "env")));
    text("variables", "envFile");
    document("input", "input");
    facts_.add("schedule", schedule_of(work_));
    text("time zone", "timeZone");
    facts_.add("on change of", join(texts_of(work_, "onPath")));
    facts_.add("needs", constraints_text(object_of(work_, "constraints")));
    facts_.add("prefers", preferences_of(work_));
    facts_.add("order", order_of(work_));
    facts_.add("tags", join(texts_of(work_, "tags")));
  }

  void print_runs() {
    facts_.add("enqueued", time("enqueuedAt"));
    const auto next = time_of(work_, "nextRunAt");
    facts_.add(next && *next <= now_ ? "due" : "next run", time("nextRunAt"));
    facts_.add("attempts", attempts_of(work_));
    facts_.add("backoff", backoff_of(object_of(work_, "backoff")));
    facts_.add("last run", join(std::vector{last_result_of(work_), time("lastFinishedAt")}),
               painted());
    if (text_of(work_, "state") == word(WorkState::running)) text("stop reason", "stopReason");
    document("output", "output");
    duration("time limit", "timeLimitMs");
    duration("watchdog", "watchdogMs");
    facts_.add("starts", work_.contains("whileKeptAlive") ? "only while kept alive" : "");
    duration("deadline", "deadlineMs");
    facts_.add("runs with", terms_of(work_));
    facts_.add("notifies of", join(texts_of(work_, "notify")));
    facts_.add("used", totals_of(object_of(work_, "totals")));
    text("id", "id");
  }

 private:
  void text(std::string_view label, std::string_view key) {
    facts_.add(label, text_of(work_, key));
  }
  void document(std::string_view label, std::string_view key) {
    const json::object& value = object_of(work_, key);
    if (!value.empty()) facts_.add(label, json::serialize(value));
  }
  void duration(std::string_view label, std::string_view key) {
    if (number_of(work_, key) != 0) facts_.add(label, duration_of(work_, key));
  }
  std::string time(std::string_view key) const {
    const auto value = time_of(work_, key);
    if (!value) return "";
    return form_.times ? local_time(*value) : relative_time(*value, now_);
  }
  // The first word is a state or an outcome.
  Facts::Painter painted() const {
    return [this](std::string_view line) {
      const std::size_t end = std::min(line.find(','), line.size());
      return style_.state(line.substr(0, end)) + std::string(line.substr(end));
    };
  }

  const Style& style_;
  const json::object& work_;
  TimePoint now_;
  PageForm form_;
  Facts facts_;
};

}  // namespace

void print_work(std::ostream& out, const Style& style, const json::object& work, TimePoint now,
                const PageForm& form) {
  print_wrapped(out, style, verdict(work, work, now), form.width);
  JobPage page(out, style, work, now, form);
  page.print_state();
  page.print_terms();
  page.print_runs();
  if (const json::array& chain = array_of(work, "chain"); !chain.empty()) {
    out << style.dim("chain") << '\n';
    print_chain(out, style, chain, text_of(work, "uniqueName"));
  }
}

}  // namespace wm::cli
