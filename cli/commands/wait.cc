#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include <unistd.h>

#include "cli/chain_failure.h"
#include "cli/chosen_jobs.h"
#include "cli/command.h"
#include "cli/news.h"
#include "cli/render/screen.h"
#include "cli/render/why.h"
#include "cli/render/work.h"
#include "cli/wait_bars.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct WaitOptions {
  std::vector<std::string> names;
  std::string tag;
  std::string timeout;
  std::string state;
  bool any = false;
  bool quiet = false;
};

bool has_ended(const json::object& work) {
  const auto state = parse_word<WorkState>(text_of(work, "state"));
  return state && is_finished(*state);
}

bool is_unfinished_periodic(const json::object& work) {
  return text_of(work, "kind") == word(WorkKind::periodic) && !has_ended(work);
}

bool ended_well(const json::object& work, const std::string& wanted_state) {
  if (!wanted_state.empty()) return text_of(work, "state") == wanted_state;
  if (is_unfinished_periodic(work)) {
    return text_of(object_of(work, "lastResult"), "outcome") == "succeeded";
  }
  return text_of(work, "state") == "succeeded";
}

std::string describe(const json::object& work) {
  const json::object& result = object_of(work, "lastResult");
  const bool between_runs = text_of(work, "state") == "enqueued";
  std::string text = "'" + text_of(work, "uniqueName") + "' ";
  const std::string state = text_of(work, "state");
  text += between_runs && !result.empty()       ? "ran: " + text_of(result, "outcome")
          : state == word(WorkState::cancelled) ? "was cancelled"
          : has_ended(work)                     ? state
                                                : "is " + state;
  const std::string cause = cause_of(result);
  return cause.empty() ? text : text + " (" + cause + ")";
}

// Keeps the names that have not ended yet, and how the others have ended.
class Waiting {
 public:
  Waiting(Session& session, const WaitOptions& options, WaitBars& bars)
      : session_(session), options_(options), bars_(bars), names_(options.names) {
    std::set<std::string> seen;
    std::erase_if(names_, [&](const std::string& name) { return !seen.insert(name).second; });
  }

  // Asks the next daemon as the first, adding what the previous one has reported.
  json::object parameters() const {
    json::object parameters;
    json::array awaited;
    for (const std::string& name : names_) {
      if (const auto said = awaited_.find(name); said != awaited_.end()) {
        awaited.push_back(said->second);
      }
    }
    if (awaited.empty()) {
      parameters["uniqueNames"] = json::value_from(names_);
    } else {
      parameters["awaited"] = std::move(awaited);
    }
    if (!options_.state.empty()) parameters["state"] = options_.state;
    if (options_.any) parameters["any"] = true;
    return parameters;
  }

  void take(const json::object& page) {
    for (const json::value& one : array_of(page, "awaited")) {
      awaited_[text_of(one.as_object(), "uniqueName")] = one.as_object();
    }
    if (page.contains("progress")) {
      bars_.take_progress(text_of(page, "uniqueName"), object_of(page, "progress"));
    }
    if (const std::string name = text_of(page, "forgotten"); !name.empty()) forget(name);
    if (page.contains("work")) end(object_of(page, "work"));
  }

  const std::vector<std::string>& names() const { return names_; }
  bool over() const { return names_.empty() || (options_.any && ended_); }
  int status() const { return status_; }

  // `'a', 'b' and 3 more have not ended`; `'a' has not reached the state running`
  std::string open() const {
    constexpr std::size_t kNamed = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(names_.size(), kNamed); ++i) {
      const bool last = i > 0 && i + 1 == names_.size();
      text += (i == 0 ? "'" : last ? " and '" : ", '") + names_[i] + "'";
    }
    if (names_.size() > kNamed) text += " and " + std::to_string(names_.size() - kNamed) + " more";
    text += names_.size() > 1 ? " have not " : " has not ";
    return text + (options_.state.empty() ? "ended" : "reached the state " + options_.state);
  }

  // The command that says more about them.
  std::string way_out() const {
    const std::string& owner = session_.owner();
    return names_.size() == 1 ? command_line("why", names_.front(), owner)
                              : program_for(owner) + "list";
  }

 private:
  void forget(const std::string& name) {
    std::erase(names_, name);
    if (status_ == kDone) status_ = kNotFound;
    bars_.clear();
    if (options_.quiet) return;
    session_.complain(
        {ErrorCode::not_found, "'" + name +
                                   "' ended or was removed while there was no daemon, "
                                   "and its result is no longer on record"});
  }

  void end(const json::object& work) {
    std::erase(names_, text_of(work, "uniqueName"));
    ended_ = true;
    bars_.clear();
    tell(work);
    if (!over()) bars_.wait_for(names_);
    if (!ended_well(work, options_.state)) status_ = kFailed;
  }

  void tell(const json::object& work) {
    if (options_.quiet) return;
    if (session_.json()) {
      session_.print(work);
    } else {
      const bool other = !options_.state.empty() && !ended_well(work, options_.state);
      session_.out() << printable(describe(work)) << cause_elsewhere(work)
                     << (other ? ", and was to be " + options_.state : "") << '\n';
    }
    session_.flush();
  }

  // ` (because 'a' failed: exit 1)`, of a job that has not run.
  std::string cause_elsewhere(const json::object& work) {
    const bool failed = text_of(work, "state") == word(WorkState::failed);
    if (!failed || !object_of(work, "lastResult").empty()) return "";
    const auto failure = failure_in_chain(session_, text_of(work, "uniqueName"));
    return failure ? " (because " + failure->reason + ")" : "";
  }

  Session& session_;
  const WaitOptions& options_;
  WaitBars& bars_;
  std::vector<std::string> names_;  // The names that have not ended.
  std::map<std::string, json::object> awaited_;
  bool ended_ = false;  // True once one of them has.
  int status_ = kDone;
};

// Draws while the client waits for its answer.
void follow(Client& client, WaitBars& bars, const std::vector<std::string>& names, News& news) {
  bars.wait_for(names);
  news.hear_beside(client, [&bars] { bars.note_change(); });
  client.set_on_silence(std::chrono::seconds{1}, [&bars] { bars.draw_in_time(); });
}

int wait_for(Session& session, const WaitOptions& options) {
  if (!options.state.empty()) {
    const auto state = parse_word<WorkState>(options.state);
    if (!state) return session.complain(state.error());
  }
  std::optional<Duration> timeout;
  std::optional<Deadline> deadline;
  if (!options.timeout.empty()) {
    const auto parsed = parse_duration(options.timeout);
    if (!parsed) return session.complain("--timeout", parsed.error());
    timeout = *parsed;
    deadline = std::chrono::steady_clock::now() + *timeout;
  }
  const bool shown = ::isatty(STDERR_FILENO) != 0 && is_capable_terminal();
  WaitBars bars(session, shown && !session.json() && !options.quiet);
  Waiting waiting(session, options, bars);
  const auto done = session.ask_on(
      [&](Client& client) -> Result<> {
        if (waiting.over()) return {};
        std::optional<News> news;
        if (bars.shown())
          follow(client, bars, waiting.names(), news.emplace(session, waiting.names()));
        const auto answered = client.stream("Wait", waiting.parameters(),
                                            [&](const json::object& page) { waiting.take(page); });
        bars.clear();
        return answered;
      },
      deadline);
  if (!done && session.timed_out()) {
    if (options.quiet) return kTimedOut;
    session.complain({ErrorCode::failed, waiting.open() + " after " +
                                             format_duration(timeout.value_or(Duration{})) + ": " +
                                             waiting.way_out()});
    return kTimedOut;
  }
  return done ? waiting.status() : session.complain(done.error());
}

int wait(Session& session, WaitOptions options) {
  if (options.names.empty() == options.tag.empty()) {
    return session.complain(
        {ErrorCode::invalid, "name the jobs, or use --tag TAG: see wm wait --help"});
  }
  if (options.tag.empty()) return wait_for(session, options);
  auto names = names_with_tag(session, options.tag, {});
  if (!names) return session.complain(names.error());
  options.names = std::move(*names);
  if (!options.names.empty()) return wait_for(session, options);
  if (!options.quiet) session.hint(none_with_tag("unfinished", options.tag));
  return kDone;
}

}  // namespace

Command::Run set_up_wait(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<WaitOptions>();
  app.add_option("NAME", options->names, "The jobs' unique names")->type_name("");
  app.add_option("--tag", options->tag, "The unfinished jobs with this tag")->type_name("TAG");
  app.add_flag("--any", options->any, "Wait only until the first of them has ended");
  app.add_flag("--quiet,-q", options->quiet, "Print nothing: the exit status says it all");
  app.add_option("--timeout", options->timeout, "Give up after this long, with exit status 124")
      ->type_name("D");
  app.add_option("--for", options->state, "Wait for this state instead of the end")
      ->type_name("STATE");
  app.footer(
      "The exit status is 0 if all of them succeeded (--any: if the first did), and 1\n"
      "if one failed or was cancelled. For a periodic job, its next run decides.\n"
      "Example: wm wait oneoff-sync-001 --timeout 5m && echo synced\n"
      "         wm wait fetch-a fetch-b --any\n"
      "         wm wait --tag backup");
  return [options](Session& session) { return wait(session, *options); };
}

}  // namespace wm::cli
