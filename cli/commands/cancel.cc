#include <map>
#include <memory>

#include "cli/command.h"
#include "cli/render/work.h"
#include "cli/sums.h"
#include "cli/users.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct CancelOptions {
  std::vector<std::string> names;
  std::string tag;
  bool all = false;
};

std::string describe_cancelled(const json::object& work, OwnerMarks& marks) {
  const std::string name = "'" + text_of(work, "uniqueName") + "'" +
                           marks.of(static_cast<uid_t>(number_of(work, "owner")));
  const std::string state = text_of(work, "state");
  const std::int64_t more = number_of(work, "alsoCancelled");
  const std::string also = more == 0 ? ""
                           : more == 1
                               ? ", and 1 job that comes after it"
                               : ", and " + std::to_string(more) + " jobs that come after it";
  if (state == "running") {
    return "stopping " + name + ": cancelled once its process is gone" + also;
  }
  if (state == "cancelled") return "cancelled " + name + also;
  return name + " had already ended: " + state;
}

int cancel(Session& session, const CancelOptions& options) {
  if ((options.names.empty() ? 0 : 1) + (options.tag.empty() ? 0 : 1) + (options.all ? 1 : 0) !=
      1) {
    return session.complain(
        {ErrorCode::invalid, "name the jobs to cancel, or use --tag TAG or --all: one of these"});
  }
  json::object parameters;
  if (!options.names.empty()) parameters["uniqueNames"] = json::value_from(options.names);
  if (!options.tag.empty()) parameters["tag"] = options.tag;
  if (options.all) parameters["all"] = true;
  OwnerMarks marks(!session.owner().empty());
  const std::string_view list = options.names.empty() ? "" : "uniqueNames";
  std::map<std::string, std::size_t> sums;
  const auto count = session.print_pages(
      {"Cancel", std::move(parameters), list}, "works", [&](const json::array& works) {
        for (const json::value& work : works) {
          const std::string state = text_of(work.as_object(), "state");
          ++sums[state == "running" ? "being stopped" : state];
          session.out() << printable(describe_cancelled(work.as_object(), marks)) << '\n';
        }
      });
  if (!count) {
    Error error = count.error();
    const bool others = error.code == ErrorCode::not_found && options.names.size() > 1;
    if (others) error.message += "; none of the others is cancelled";
    return session.complain(error);
  }
  print_sum(session, sums);
  if (*count == 0 && !session.json()) session.hint("no unfinished jobs to cancel");
  return kDone;
}

}  // namespace

Command::Run set_up_cancel(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<CancelOptions>();
  app.add_option("NAME", options->names, "The jobs' unique names")->type_name("");
  app.add_option("--tag", options->tag, "All unfinished jobs with this tag")->type_name("TAG");
  app.add_flag("--all", options->all, "All unfinished jobs");
  app.footer("Example: wm cancel oneoff-sync-001\n         wm cancel --tag backup");
  return [options](Session& session) { return cancel(session, *options); };
}

}  // namespace wm::cli
