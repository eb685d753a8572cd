#include <algorithm>
#include <memory>
#include <sstream>

#include "cli/apply_jobs.h"
#include "cli/command.h"
#include "cli/parts.h"
#include "core/json_fields.h"
#include "core/request_json.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct DiffOptions {
  std::vector<std::string> files;
  bool prune = false;
};

// The lines of a file that declares that job.
std::vector<std::string> written_lines(const json::object& work) {
  std::stringstream text;
  write_works(text, {work});
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with('[')) lines.push_back(line);
  }
  return lines;
}

struct Difference {
  std::string name;
  std::string result;
  std::vector<std::string> removed;
  std::vector<std::string> added;
};

void print(Session& session, const Difference& one) {
  const Style style = session.style();
  if (session.json()) {
    return session.print({{"uniqueName", one.name},
                          {"result", one.result},
                          {"removed", json::value_from(one.removed)},
                          {"added", json::value_from(one.added)}});
  }
  session.out() << style.bold("would be " + one.result + " '" + printable(one.name) + "'") << '\n';
  for (const std::string& line : one.removed) {
    session.out() << style.red("- " + printable(line)) << '\n';
  }
  for (const std::string& line : one.added) {
    session.out() << style.green("+ " + printable(line)) << '\n';
  }
}

Result<json::object> present(Session& session, const std::string& name) {
  auto answer = session.ask("Show", {{"uniqueName", name}});
  if (!answer) return answer;
  return object_of(*answer, "work");
}

Result<json::array> preview(Session& session, Session::Question question) {
  auto client = session.connect();
  if (!client) return std::unexpected(client.error());
  json::array results;
  const auto take = [&](const json::object& page) {
    for (const json::value& one : array_of(page, "results")) results.push_back(one);
  };
  const auto asked = stream_in_parts(*client, question.method, std::move(question.parameters),
                                     question.list, take, [](std::size_t, std::size_t) {});
  return asked ? Result<json::array>(std::move(results)) : std::unexpected(asked.error());
}

// Compares what would change with what is there now.
int diff(Session& session, const DiffOptions& options) {
  const auto declared = read_works(options.files);
  if (!declared) return session.complain(declared.error());
  const auto results =
      preview(session, apply_question(*declared, {.prune = options.prune, .dry_run = true}));
  if (!results) return session.complain(results.error());
  for (std::size_t i = 0; i < results->size(); ++i) {
    const json::object& result = (*results)[i].as_object();
    Difference one{text_of(result, "uniqueName"), text_of(result, "result"), {}, {}};
    if (one.result == "unchanged") continue;
    if (i < declared->size()) one.added = written_lines(to_json((*declared)[i].request));
    if (one.result == "updated") {
      const auto work = present(session, one.name);
      if (!work) return session.complain(work.error());
      one.removed = written_lines(*work);
    }
    const std::vector<std::string> before = one.removed;
    std::erase_if(one.removed,
                  [&](const auto& line) { return std::ranges::count(one.added, line); });
    std::erase_if(one.added, [&](const auto& line) { return std::ranges::count(before, line); });
    print(session, one);
  }
  return kDone;
}

}  // namespace

Command::Run set_up_diff(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<DiffOptions>();
  app.add_option("FILE", options->files, "TOML files that declare jobs; - for stdin")
      ->required()
      ->type_name("");
  app.add_flag("--prune", options->prune, "Also show which jobs would be cancelled");
  app.footer(
      "Shows which lines of which jobs wm apply would change. With --json, a document\n"
      "for each job.\n"
      "Example: wm diff work.toml");
  return [options](Session& session) { return diff(session, *options); };
}

}  // namespace wm::cli
