#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "cli/chain_failure.h"
#include "cli/chosen_jobs.h"
#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/why.h"
#include "cli/render/work.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct RetryOptions {
  std::vector<std::string> names;
  bool failed = false;
  std::string since;
  std::string tag;

  bool chooses() const { return failed || !tag.empty(); }
};

// Chooses failed jobs, and with each the prerequisites that must run before it.
class Choice {
 public:
  Choice(const RetryOptions& options, std::optional<TimePoint> since, const json::array& ended)
      : options_(options), since_(since) {
    for (const json::value& work : ended) {
      jobs_[text_of(work.as_object(), "uniqueName")] = &work.as_object();
    }
    for (const json::value& work : ended) {
      if (is_meant(work.as_object())) add(text_of(work.as_object(), "uniqueName"));
    }
    for (const json::value& work : ended) {
      const std::string name = text_of(work.as_object(), "uniqueName");
      if (chosen_.erase(name) > 0) names_.push_back(name);
    }
  }

  std::vector<std::string> names() && { return std::move(names_); }

 private:
  bool is_meant(const json::object& work) const {
    if (text_of(work, "state") != word(WorkState::failed)) return false;
    const std::vector<std::string> tags = texts_of(work, "tags");
    if (!options_.tag.empty() && std::ranges::count(tags, options_.tag) == 0) return false;
    if (!since_) return true;
    const auto ended = time_of(work, "lastFinishedAt");
    return ended ? *ended >= *since_ : failed_with_another(work);
  }

  // A job that has not run has failed when its prerequisite has.
  bool failed_with_another(const json::object& work) const {
    return std::ranges::any_of(texts_of(work, "prerequisites"),
                               [&](const auto& name) { return chosen_.contains(name); });
  }

  void add(const std::string& name) {
    const auto job = jobs_.find(name);
    if (job == jobs_.end() || !chosen_.insert(name).second) return;
    for (const std::string& before : texts_of(*job->second, "prerequisites")) add(before);
  }

  const RetryOptions& options_;
  std::optional<TimePoint> since_;
  std::map<std::string, const json::object*> jobs_;
  std::set<std::string> chosen_;
  std::vector<std::string> names_;  // In the order of registration.
};

Result<std::vector<std::string>> choose(Session& session, const RetryOptions& options) {
  std::optional<TimePoint> since;
  if (!options.since.empty()) {
    const auto time = typed_time(options.since, Direction::past);
    if (!time) return fail(time.error().code, "--since: " + time.error().message);
    since = *time;
  }
  const json::array states{word(WorkState::failed), word(WorkState::cancelled)};
  const auto ended = own_jobs(session, {{"states", states}, {"finished", true}});
  if (!ended) return std::unexpected(ended.error());
  return Choice(options, since, *ended).names();
}

void hint_at_left(Session& session, const std::vector<std::string>& names) {
  auto client = session.connect();
  if (!client) return;
  std::vector<std::string> left;
  for (const std::string& name : names) {
    const auto answer = client->call("Show", {{"uniqueName", name}});
    if (!answer) continue;
    for (const std::string& one :
         failed_after(array_of(object_of(*answer, "work"), "chain"), name)) {
      if (std::ranges::count(left, one) == 0) left.push_back(one);
    }
  }
  if (left.empty()) return;
  session.hint(printable(enumerated(left)) + (left.size() == 1 ? " depends" : " depend") +
               " on it, and " + (left.size() == 1 ? "stays" : "stay") +
               " as before: " + retry_command(left, session.owner()));
}

int retry(Session& session, const RetryOptions& options) {
  if (options.names.empty() != options.chooses() ||
      (!options.since.empty() && !options.chooses())) {
    return session.complain(
        {ErrorCode::invalid, "name the jobs, or use --failed or --tag TAG: see wm retry --help"});
  }
  const auto names = options.chooses() ? choose(session, options)
                                       : Result<std::vector<std::string>>(options.names);
  if (!names) return session.complain(names.error());
  if (names->empty()) {
    if (session.json()) {
      session.print(json::array());
    } else {
      session.hint(none_with_tag("failed", options.tag) +
                   (options.since.empty() ? "" : " since then"));
    }
    return kDone;
  }
  const auto count = session.print_pages(
      {"Retry", {{"uniqueNames", json::value_from(*names)}}}, "works",
      [&](const json::array& works) {
        for (const json::value& work : works) {
          session.out() << describe_registration(work.as_object(), "enqueued") << '\n';
        }
      });
  if (!count) return session.complain(count.error());
  if (!session.json()) hint_at_left(session, options.names);
  return kDone;
}

}  // namespace

Command::Run set_up_retry(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<RetryOptions>();
  app.add_option("NAME", options->names, "The jobs' unique names")->type_name("");
  app.add_flag("--failed", options->failed,
               "All failed jobs, and cancelled ones that they\ncome after");
  app.add_option("--since", options->since,
                 "Only jobs that failed since then: 2h (ago),\nyesterday, …")
      ->type_name("TIME");
  app.add_option("--tag", options->tag, "All failed jobs with this tag")->type_name("TAG");
  app.footer(
      "Enqueues failed or cancelled jobs once more, with their attempts at 0: all of\n"
      "them, or none if one cannot be. A chain may be named in any order.\n"
      "Example: wm retry fetch convert\n"
      "         wm retry --failed --since yesterday\n"
      "         wm retry --tag backup");
  return [options](Session& session) { return retry(session, *options); };
}

}  // namespace wm::cli
