#include <algorithm>
#include <iterator>
#include <memory>
#include <sstream>

#include "cli/caller.h"
#include "cli/command.h"
#include "cli/parts.h"
#include "cli/render/work.h"
#include "cli/work_file.h"
#include "config/read_file.h"
#include "core/request_json.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct ApplyOptions {
  std::vector<std::string> files;
  bool prune = false;
  bool dry_run = false;
};

Result<std::vector<DeclaredWork>> read_works(const std::vector<std::string>& paths) {
  std::vector<DeclaredWork> works;
  for (const std::string& path : paths) {
    const auto text = read_file(path);
    if (!text) return fail(ErrorCode::invalid, text.error().message);
    auto declared = parse_works(*text, path);
    if (!declared) return declared;
    std::ranges::move(*declared, std::back_inserter(works));
  }
  return works;
}

Session::Question question(const std::vector<DeclaredWork>& declared, const ApplyOptions& options) {
  json::array works;
  works.reserve(declared.size());
  for (const DeclaredWork& one : declared) {
    works.push_back({{"work", to_json(one.request)}, {"where", one.where}});
  }
  json::object parameters{{"works", std::move(works)}, {"prune", options.prune}};
  if (options.dry_run) parameters["dryRun"] = true;
  return {"Apply", std::move(parameters), "works"};
}

void hint_at_directories(Session& session, const std::vector<DeclaredWork>& declared) {
  for (const DeclaredWork& one : declared) {
    if (const auto doubt = doubt_of_directory(one.request); !doubt.empty()) {
      session.hint(printable(one.where) + ": " + doubt);
    }
  }
}

int apply(Session& session, const ApplyOptions& options) {
  const auto declared = read_works(options.files);
  if (!declared) return session.complain(declared.error());
  hint_at_directories(session, *declared);
  std::size_t unchanged = 0;
  const std::string_view would = options.dry_run ? "would be " : "";
  const auto count =
      session.print_pages(question(*declared, options), "results", [&](const json::array& results) {
        for (const json::value& value : results) {
          const json::object& one = value.as_object();
          const std::string result = text_of(one, "result");
          if (result == "unchanged") {
            ++unchanged;
          } else {
            session.out() << would << result << " '" << printable(text_of(one, "uniqueName"))
                          << "'\n";
          }
        }
      });
  if (!count) return session.complain(count.error());
  if (session.json()) return kDone;
  if (unchanged > 0) session.out() << unchanged << " unchanged\n";
  if (*count == 0) session.hint("the files declare no [[work]]");
  return kDone;
}

// The lines of a file that declares that job.
std::vector<std::string> lines_of(const json::object& work) {
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
  session.out() << style.bold(one.result + " '" + printable(one.name) + "'") << '\n';
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
int diff(Session& session, ApplyOptions options) {
  options.dry_run = true;
  const auto declared = read_works(options.files);
  if (!declared) return session.complain(declared.error());
  const auto results = preview(session, question(*declared, options));
  if (!results) return session.complain(results.error());
  for (std::size_t i = 0; i < results->size(); ++i) {
    const json::object& result = (*results)[i].as_object();
    Difference one{text_of(result, "uniqueName"), text_of(result, "result"), {}, {}};
    if (one.result == "unchanged") continue;
    if (i < declared->size()) one.added = lines_of(to_json((*declared)[i].request));
    if (one.result == "updated") {
      const auto work = present(session, one.name);
      if (!work) return session.complain(work.error());
      one.removed = lines_of(*work);
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

Command::Run set_up_apply(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<ApplyOptions>();
  app.add_option("FILE", options->files, "TOML files that declare jobs")->required()->type_name("");
  app.add_flag("--prune", options->prune, "Cancel applied jobs that are no longer named");
  app.add_flag("--dry-run", options->dry_run, "Change nothing, and say what would change");
  app.footer(
      "Registers all jobs or, if one entry is invalid, none. A job that has not changed\n"
      "stays as it is. The keys of a file are the names of the options:\n\n"
      "  [[work]]\n"
      "  name = \"nightly-backup\"\n"
      "  command = [\"restic\", \"backup\", \"/home\"]\n"
      "  every = \"1d\"\n"
      "  network = \"unmetered\"\n\n"
      "Example: wm apply work.toml --prune");
  return [options](Session& session) { return apply(session, *options); };
}

Command::Run set_up_diff(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<ApplyOptions>();
  app.add_option("FILE", options->files, "TOML files that declare jobs")->required()->type_name("");
  app.add_flag("--prune", options->prune, "Also show which jobs would be cancelled");
  app.footer(
      "Shows which lines of which jobs wm apply would change. With --json, a document\n"
      "for each job.\n"
      "Example: wm diff work.toml");
  return [options](Session& session) { return diff(session, *options); };
}

}  // namespace wm::cli
