#include <chrono>
#include <memory>
#include <sstream>
#include <utility>

#include "cli/command.h"
#include "cli/news.h"
#include "cli/remarks.h"
#include "cli/render/facts.h"
#include "cli/render/job_table.h"
#include "cli/render/local_time.h"
#include "cli/render/overview.h"
#include "cli/render/screen.h"
#include "core/json_fields.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct ListOptions {
  std::vector<std::string> states;
  std::vector<std::string> tags;
  std::string task;
  bool all = false;
  bool tasks = false;
  bool watch = false;

  bool is_about_all() const { return states.empty() && tags.empty() && task.empty(); }
};

// `no failed jobs with the tag 'backup'`
std::string none_of(const ListOptions& options) {
  std::string text = "no ";
  if (!options.states.empty()) {
    text += join(options.states, " or ") + " ";
  } else if (!options.all) {
    text += "unfinished ";
  }
  text += "jobs";
  if (!options.tags.empty()) text += " with the tag '" + join(options.tags, "' or '") + "'";
  if (!options.task.empty()) text += " that run the task '" + options.task + "'";
  const bool more = options.states.empty() && !options.all;
  return printable(text) + (more ? "; --all includes finished ones" : "");
}

json::object question_of(const ListOptions& options) {
  json::object parameters;
  if (!options.states.empty()) parameters["states"] = json::value_from(options.states);
  if (!options.tags.empty()) parameters["tags"] = json::value_from(options.tags);
  if (!options.task.empty()) parameters["taskName"] = options.task;
  if (options.all) parameters["finished"] = true;
  return parameters;
}

// With more jobs, and in a pipe, the first rows would be late: they are in the order of
// registration then.
constexpr std::size_t kMostSorted = 5'000;

void print_remarks(Session& session) {
  const Style style = session.style();
  for (const std::string& remark : remarks(session)) {
    for (const std::string& line : wrapped(remark, terminal_width())) {
      session.out() << style.dim(line) << '\n';
    }
  }
}

int list(Session& session, const ListOptions& options) {
  session.page();
  const Style style = session.style();
  const JobTableForm form{terminal_width(), session.to_terminal(), options.tasks};
  Listing listing = job_table(style, form, now());
  if (!session.owner().empty()) listing.expect_any_owner();
  JobCounts counts;
  const auto print = [&](const json::array& works) {
    if (!works.empty()) listing.print(session.out(), style, form.width, works);
  };
  const std::size_t most = session.to_terminal() ? kMostSorted : 0;
  json::array sorted;  // The jobs to sort before they are printed.
  const auto count =
      session.print_pages({"List", question_of(options)}, "works", [&](const json::array& works) {
        counts.add(works);
        if (counts.all() > most) {
          print(std::exchange(sorted, {}));
          print(works);
        } else {
          sorted.insert(sorted.end(), works.begin(), works.end());
        }
      });
  sort_for_reading(sorted, now());
  print(sorted);
  if (!count) return session.complain(count.error());
  if (*count == 0 && !session.json()) session.hint(none_of(options));
  if (!form.signs || session.json()) return kDone;
  if (*count > 0) session.out() << style.dim(counts.summary(form.width, session.owner())) << '\n';
  if (options.is_about_all()) print_remarks(session);
  return kDone;
}

// The list on a screen: it asks for the jobs again only after news, and draws at most once a
// second.
class LiveList {
 public:
  LiveList(Session& session, const ListOptions& options)
      : session_(session), options_(options), screen_(session.out()) {
    session.show_hints([this](std::string_view text) { draw("wm: " + std::string(text)); });
  }
  LiveList(const LiveList&) = delete;
  LiveList& operator=(const LiveList&) = delete;
  ~LiveList() { session_.show_hints(nullptr); }

  void note_change() {
    changed_ = true;
    draw_in_time();
  }
  // Also draws if nothing has changed, because times are relative.
  void draw_in_time() {
    const auto now = std::chrono::steady_clock::now();
    if (now < drawn_ + kPause) return;
    drawn_ = now;
    if (changed_) changed_ = !ask();
    draw();
  }

 private:
  static constexpr std::chrono::milliseconds kPause{990};  // A tick of 1 s may be a little early.

  // Keeps no more jobs than may be on a screen, the first ones of all. False: ask again.
  bool ask() {
    constexpr std::size_t kMost = 1'000;
    auto client = session_.connect();
    if (!client) return false;
    json::array works;
    JobCounts counts;
    const auto done = client->stream("List", question_of(options_), [&](const json::object& page) {
      const json::array& more = array_of(page, "works");
      counts.add(more);
      works.insert(works.end(), more.begin(), more.end());
      if (works.size() > kMostSorted) keep_first(works, kMost);
    });
    if (!done) return false;
    keep_first(works, kMost);
    if (options_.is_about_all()) remarks_ = join(remarks(session_), "; ");
    works_ = std::move(works);
    counts_ = std::move(counts);
    return true;
  }

  static void keep_first(json::array& works, std::size_t most) {
    sort_for_reading(works, now());
    if (works.size() > most) works.resize(most);
  }

  std::string summary(std::size_t width) const {
    const std::string text =
        counts_.all() == 0
            ? none_of(options_)
            : counts_.summary(remarks_.empty() ? width : 0, session_.owner());  // Without its hint.
    return remarks_.empty() ? text : text + "  " + remarks_;
  }

  // At the foot is the summary, or what there is to say instead.
  void draw(const std::string& instead = "") {
    const Style style = session_.style();
    const JobTableForm form{terminal_width(), true, options_.tasks};
    std::ostringstream text;
    Listing listing = job_table(style, form, now());
    if (!session_.owner().empty()) listing.expect_any_owner();
    listing.print(text, style, form.width, works_);
    std::istringstream table(text.str());
    std::vector<std::string> lines;
    for (std::string line; std::getline(table, line);) lines.push_back(std::move(line));
    lines.resize(lines.size() + counts_.all() - works_.size());
    std::vector<std::string> foot;
    for (const std::string& line :
         wrapped(instead.empty() ? summary(form.width) : instead, form.width)) {
      foot.push_back(style.dim(line));
    }
    screen_.draw(fit_rows(std::move(lines), std::move(foot), terminal_rows(), style.dots()));
  }

  Session& session_;
  const ListOptions& options_;
  Screen screen_;
  json::array works_;
  JobCounts counts_;
  std::string remarks_;
  bool changed_ = true;
  std::chrono::steady_clock::time_point drawn_;
};

int watch(Session& session, const ListOptions& options) {
  if (!session.to_terminal() || session.json() || !is_capable_terminal()) {
    return session.complain(
        {ErrorCode::invalid, "--watch draws on a terminal: wm watch prints a line for each event"});
  }
  // A wrong question is answered before there is a screen.
  if (const auto asked = session.ask("List", question_of(options)); !asked) {
    return session.complain(asked.error());
  }
  const auto follow = [&] {
    LiveList live(session, options);
    return session.ask_on([&](Client& client) {
      News conditions(session, std::nullopt);
      conditions.hear_beside(client, [&] { live.note_change(); });
      client.set_on_silence(std::chrono::seconds{1}, [&] { live.draw_in_time(); });
      return client.stream("Watch", {}, [&](const json::object&) { live.note_change(); });
    });
  };
  const auto done = follow();  // The terminal is itself again before an error is printed.
  return done ? kDone : session.complain(done.error());
}

}  // namespace

Command::Run set_up_list(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<ListOptions>();
  app.add_option("--state", options->states,
                 "Only jobs in this state; repeatable. One of\n"
                 "enqueued, running, blocked, succeeded, failed,\n"
                 "cancelled")
      ->type_name("STATE")
      ->allow_extra_args(false);
  app.add_option("--tag", options->tags, "Only jobs with this tag; repeatable")
      ->type_name("TAG")
      ->allow_extra_args(false);
  app.add_option("--task", options->task, "Only jobs that run this task")->type_name("TASK");
  app.add_flag("--all,-a", options->all, "Include finished jobs");
  app.add_flag("--tasks", options->tasks, "Show the commands however narrow it is");
  app.add_flag("--watch,-w", options->watch, "Draw the list again as it changes, until Ctrl-C");
  app.footer("Example: wm list\n         wm list --all --tag backup --json");
  return [options](Session& session) {
    return options->watch ? watch(session, *options) : list(session, *options);
  };
}

}  // namespace wm::cli
