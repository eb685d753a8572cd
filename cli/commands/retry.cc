#include <algorithm>
#include <memory>

#include "cli/chain_failure.h"
#include "cli/command.h"
#include "cli/render/why.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

int retry(Session& session, const std::vector<std::string>& names) {
  auto client = session.connect();
  if (!client) return session.complain(client.error());
  json::array works;
  for (const std::string& name : names) {
    const auto answer = client->call("Retry", {{"uniqueName", name}});
    if (!answer) return session.complain(answer.error());
    const json::object& work = object_of(*answer, "work");
    if (!session.json()) session.out() << describe_registration(work, "enqueued") << '\n';
    works.push_back(work);
  }
  if (session.json()) {
    session.print(works);
    return kDone;
  }
  std::vector<std::string> left;
  for (const std::string& name : names) {
    const auto answer = client->call("Show", {{"uniqueName", name}});
    if (!answer) continue;
    for (const std::string& one :
         failed_after(array_of(object_of(*answer, "work"), "chain"), name)) {
      if (std::ranges::count(left, one) == 0) left.push_back(one);
    }
  }
  if (!left.empty()) {
    session.hint(printable(enumerated(left)) + (left.size() == 1 ? " depends" : " depend") +
                 " on it, and " + (left.size() == 1 ? "stays" : "stay") +
                 " as before: " + retry_command(left));
  }
  return kDone;
}

}  // namespace

Command::Run set_up_retry(CLI::App& app, const CommandLine&) {
  auto names = std::make_shared<std::vector<std::string>>();
  app.add_option("NAME", *names, "The jobs' unique names")->required()->type_name("");
  app.footer(
      "Enqueues failed or cancelled jobs once more, with their attempts at 0.\n"
      "Example: wm retry fetch\n"
      "         wm retry fetch convert   (a chain: name the first one first)");
  return [names](Session& session) { return retry(session, *names); };
}

}  // namespace wm::cli
