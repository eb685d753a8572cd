#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/remarks.h"
#include "cli/render/facts.h"
#include "cli/render/local_time.h"
#include "cli/render/overview.h"
#include "cli/render/table.h"
#include "cli/render/work.h"
#include "cli/users.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct ForecastOptions {
  std::vector<std::string> names;
  std::string time;
  bool times = false;
  bool all = false;

  bool wants(const std::string& name) const {
    return names.empty() || std::ranges::count(names, name) > 0;
  }
};

struct Expected {
  json::array runs;
  json::array more;  // The numbers of later runs, for jobs that run often.
};

// The runs of `more` by name: how many, and when the last one starts.
struct Rest {
  std::size_t runs = 0;
  TimePoint last{};
};
using Rests = std::map<std::string, Rest>;

Rests rests_of(const Expected& expected) {
  Rests rests;
  for (const json::value& value : expected.more) {
    const json::object& one = value.as_object();
    Rest& rest = rests[text_of(one, "uniqueName")];
    rest.runs += static_cast<std::size_t>(number_of(one, "runs"));
    rest.last = std::max(rest.last, time_of(one, "lastStartsAt").value_or(TimePoint{}));
  }
  return rests;
}

// The names of jobs that wait for nothing but a free slot. How long that takes is not known if the
// runs that have the slots are the first of their jobs, or take longer than usual.
using Crowded = std::set<std::string>;
constexpr const char* kOnceFree = "when a slot is free";

bool waits_for_slot(const json::object& work) {
  const json::array& waits = array_of(work, "waitingFor");
  return !waits.empty() && std::ranges::all_of(waits, [](const json::value& wait) {
    const std::string kind = text_of(wait.as_object(), "kind");
    return kind == word(WaitKind::slot) || kind == word(WaitKind::group);
  });
}

// Says behind the name whose job it is, where that is another user's.
std::string marked_name(const json::object& work, OwnerMarks& marks) {
  return text_of(work, "uniqueName") + marks.of(static_cast<uid_t>(number_of(work, "owner")));
}

Crowded crowded_among(const json::array& works, OwnerMarks& marks) {
  Crowded names;
  for (const json::value& value : works) {
    const json::object& work = value.as_object();
    if (waits_for_slot(work)) names.insert(marked_name(work, marks));
  }
  return names;
}

// The runs of one job that stand in one row.
struct Row {
  std::string name;
  TimePoint first;
  TimePoint last;
  std::size_t runs = 0;
};

constexpr std::size_t kMostRows = 3;  // A job that runs more often has one row.

std::vector<Row> rows_of(const Expected& expected, TimePoint now, bool each) {
  const json::array& runs = expected.runs;
  std::map<std::string, std::size_t> counts;
  for (const json::value& run : runs) ++counts[text_of(run.as_object(), "uniqueName")];
  std::map<std::string, std::size_t> places;
  std::vector<Row> rows;
  for (const json::value& value : runs) {
    const std::string name = text_of(value.as_object(), "uniqueName");
    const TimePoint starts = std::max(time_of(value.as_object(), "startsAt").value_or(now), now);
    const bool together = !each && counts[name] > kMostRows;
    if (const auto place = places.find(name); together && place != places.end()) {
      rows[place->second].last = starts;
      ++rows[place->second].runs;
    } else {
      places[name] = rows.size();
      rows.push_back({name, starts, starts, 1});
    }
  }
  for (const auto& [name, rest] : rests_of(expected)) {
    Row& row = rows[places.at(name)];
    row.last = std::max(row.last, rest.last);
    row.runs += rest.runs;
  }
  return rows;
}

// `3 runs, the first in 2h: 'poll'`
std::string runs_in_a_sentence(const Expected& expected, const Crowded& crowded, TimePoint now) {
  std::size_t count = expected.runs.size();
  for (const auto& [name, rest] : rests_of(expected)) count += rest.runs;
  const json::object& first = expected.runs.front().as_object();
  const TimePoint starts = std::max(time_of(first, "startsAt").value_or(now), now);
  const std::string name = text_of(first, "uniqueName");
  const bool once_free = starts <= now && crowded.contains(name);
  return fmt::format("{} {}, the first {}: '{}'", count, count == 1 ? "run" : "runs",
                     once_free ? kOnceFree : relative_time(starts, now), printable(name));
}

// Jobs that are due within the time, and would not run because of more than their time.
class HeldBack {
 public:
  HeldBack(const ForecastOptions& options, const json::array& runs, TimePoint until,
           OwnerMarks& marks)
      : options_(options), until_(until), marks_(marks) {
    for (const json::value& run : runs) running_.insert(text_of(run.as_object(), "uniqueName"));
  }

  void add(const json::object& work, TimePoint now) {
    const std::string name = text_of(work, "uniqueName");
    const TimePoint due = std::max(time_of(work, "nextRunAt").value_or(now), now);
    const std::string needs = needs_of(work);
    const bool waits = text_of(work, "state") == word(WorkState::enqueued) && !needs.empty();
    const std::string label = marked_name(work, marks_);
    if (!waits || due > until_ || running_.contains(label) || !options_.wants(name)) return;
    if (++count_ > kMost) return;
    const std::string when = options_.times ? local_time(due) : day_and_minute(due, now);
    table_.add({due == now ? "now" : when, label, needs});
  }

  void print(std::ostream& out, const Style& style, std::size_t width) {
    if (count_ == 0) return;
    out << "\nWould not run, as things are:\n";
    table_.print(out, style, width);
    if (count_ > kMost) out << fmt::format("{} {} more: wm list\n", style.dots(), count_ - kMost);
  }

 private:
  static constexpr std::size_t kMost = 10;  // The rest are only counted.

  const ForecastOptions& options_;
  TimePoint until_;
  OwnerMarks& marks_;
  std::set<std::string> running_;
  std::size_t count_ = 0;
  Table table_{{{"DUE", nullptr, 0, Table::kWhole},
                {"NAME", nullptr, -1, 8, true},
                {"WAITS FOR", nullptr, 1, 20}}};
};

void print_runs(Session& session, const Expected& expected, const Crowded& crowded,
                const ForecastOptions& options, TimePoint now) {
  const auto time = [&](TimePoint when) {
    return options.times ? local_time(when) : day_and_minute(when, now);
  };
  Table table({{"STARTS", nullptr, 0, Table::kWhole},
               {"IN", nullptr, 1, Table::kWhole},
               {"NAME", nullptr, -1, 8, true},
               {"", nullptr, 2, Table::kWhole}});
  for (const Row& row : rows_of(expected, now, options.all || !session.to_terminal())) {
    const std::string more =
        row.runs == 1 ? "" : fmt::format("{} more until {}", row.runs - 1, time(row.last));
    const bool once_free = row.first <= now && crowded.contains(row.name);
    table.add({once_free ? kOnceFree : time(row.first),
               once_free ? "" : relative_time(row.first, now), row.name, more});
  }
  table.print(session.out(), session.style(), terminal_width());
}

// Why the named jobs that have ended do not run: `'a' has failed; wm retry enqueues it once more`
std::string ended_in_words(Session& session, const std::vector<std::string>& names) {
  std::vector<std::string> parts;
  for (const std::string& name : names) {
    const auto answer = session.ask("Show", {{"uniqueName", name}});
    const std::string state = answer ? text_of(object_of(*answer, "work"), "state") : "";
    const std::string job = "'" + printable(name) + "' ";
    if (state == word(WorkState::succeeded)) parts.push_back(job + "has succeeded");
    if (state == word(WorkState::failed)) {
      parts.push_back(job + "has failed; wm retry enqueues it once more");
    }
    if (state == word(WorkState::cancelled)) {
      parts.push_back(job + "was cancelled; wm retry enqueues it once more");
    }
  }
  return join(parts);
}

// Why no run is expected.
std::string none_in_words(Session& session, const json::array& works,
                          const ForecastOptions& options, TimePoint until, TimePoint now) {
  std::optional<TimePoint> next;
  std::string name;
  std::size_t count = 0;
  for (const json::value& value : works) {
    const json::object& work = value.as_object();
    if (!options.wants(text_of(work, "uniqueName"))) continue;
    ++count;
    const auto due = time_of(work, "nextRunAt");
    const bool enqueued = text_of(work, "state") == word(WorkState::enqueued);
    if (!enqueued || !due || (next && *next <= *due)) continue;
    next = due;
    name = text_of(work, "uniqueName");
  }
  if (count == 0 && options.names.empty()) return "nothing would run: there are no unfinished jobs";
  if (count == 0) return "nothing would run: " + ended_in_words(session, options.names);
  const auto status = session.ask("Status", {});
  const std::string pause = status ? pause_of_all(*status, now, session.rules()) : "";
  const auto end = status ? end_of_pause(*status) : std::nullopt;
  if (!pause.empty() && (!end || *end > until)) return "nothing would run: " + pause;
  if (next && *next > until) {
    return fmt::format("nothing would run within {}: the next job, '{}', is due {}",
                       format_duration(std::chrono::duration_cast<Duration>(until - now)),
                       printable(name), day_and_minute(*next, now));
  }
  return "nothing would run, as things are: wm list shows what each job waits for";
}

void mark_owners(json::array& items, OwnerMarks& marks) {
  for (json::value& value : items) {
    json::object& item = value.as_object();
    item["uniqueName"] = marked_name(item, marks);
  }
}

int print(Session& session, Expected expected, const ForecastOptions& options, Duration ahead) {
  const TimePoint now = wm::cli::now();
  OwnerMarks marks(!session.owner().empty());
  mark_owners(expected.runs, marks);
  mark_owners(expected.more, marks);
  HeldBack held(options, expected.runs, now + ahead, marks);
  const auto works = session.collect("List", {}, "works");
  if (!works) return session.complain(works.error());
  if (session.to_terminal()) {
    for (const json::value& work : *works) held.add(work.as_object(), now);
  }
  if (expected.runs.empty()) {
    session.hint(none_in_words(session, *works, options, now + ahead, now));
  } else {
    const Crowded crowded = crowded_among(*works, marks);
    session.page();
    if (session.to_terminal()) {
      print_wrapped(session.out(), session.style(), runs_in_a_sentence(expected, crowded, now),
                    terminal_width());
    }
    print_runs(session, expected, crowded, options, now);
  }
  held.print(session.out(), session.style(), terminal_width());
  return kDone;
}

// In a table of rows for each run, and in JSON, runs that are not listed would not be missed.
void hint_at_rest(Session& session, const Expected& expected) {
  const Rests rests = rests_of(expected);
  if (rests.empty()) return;
  std::size_t count = 0;
  for (const auto& [name, rest] : rests) count += rest.runs;
  const std::string& often = rests.begin()->first;
  session.hint(fmt::format(
      "there are too many runs: {} later ones of '{}'{} are left out; name fewer jobs to see more",
      count, printable(often),
      rests.size() == 1 ? "" : fmt::format(" and {} more jobs", rests.size() - 1)));
}

int forecast(Session& session, const ForecastOptions& options) {
  Duration ahead = Days{1};
  json::object parameters;
  if (!options.time.empty()) {
    const auto time = parse_duration(options.time);
    if (!time) return session.complain("--for", time.error());
    ahead = *time;
    parameters["forMs"] = time->count();
  }
  if (!options.names.empty()) parameters["uniqueNames"] = json::value_from(options.names);
  const auto answer = session.ask("Forecast", std::move(parameters));
  if (!answer) return session.complain(answer.error());
  const Expected expected{array_of(*answer, "runs"), array_of(*answer, "more")};
  if (const auto cut_at = time_of(*answer, "cutAt")) {
    session.hint("there are too many runs: those after " + local_time(*cut_at) + " are left out");
  }
  if (options.all || session.json() || !session.to_terminal()) hint_at_rest(session, expected);
  if (!session.json()) return print(session, expected, options, ahead);
  session.print(expected.runs);
  return kDone;
}

}  // namespace

Command::Run set_up_forecast(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<ForecastOptions>();
  app.add_option("NAME", options->names, "Only the runs of these jobs")->type_name("");
  app.add_flag("--all,-a", options->all, "A line for each run of a job that runs often");
  app.add_flag("--times", options->times, "Print dates and seconds instead of today 03:12");
  app.add_option("--for", options->time, "How far ahead to look (24h)")->type_name("D");
  app.footer(
      "Shows what would run when, if conditions stay as they are, and if every run\n"
      "succeeds and takes as long as the last one of its job.\n"
      "Example: wm forecast --for 7d\n"
      "         wm forecast nightly-backup");
  return [options](Session& session) { return forecast(session, *options); };
}

}  // namespace wm::cli
