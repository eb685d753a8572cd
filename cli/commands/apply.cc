#include <memory>

#include "cli/caller.h"
#include "cli/command.h"
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
};

Result<std::vector<DeclaredWork>> read_works(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return fail(ErrorCode::invalid, text.error().message);
  return parse_works(*text, path);
}

int apply(Session& session, const ApplyOptions& options) {
  json::array works;
  std::vector<std::string> doubts;
  for (const std::string& path : options.files) {
    const auto declared = read_works(path);
    if (!declared) return session.complain(declared.error());
    for (const DeclaredWork& one : *declared) {
      if (const auto doubt = doubt_of_directory(one.request); !doubt.empty()) {
        doubts.push_back(printable(one.where) + ": " + doubt);
      }
      works.push_back({{"work", to_json(one.request)}, {"where", one.where}});
    }
  }
  for (const std::string& doubt : doubts) session.hint(doubt);
  std::size_t unchanged = 0;
  const auto count = session.print_pages(
      {"Apply", {{"works", std::move(works)}, {"prune", options.prune}}, "works"}, "results",
      [&](const json::array& results) {
        for (const json::value& value : results) {
          const json::object& one = value.as_object();
          const std::string result = text_of(one, "result");
          if (result == "unchanged") {
            ++unchanged;
          } else {
            session.out() << result << " '" << printable(text_of(one, "uniqueName")) << "'\n";
          }
        }
      });
  if (!count) return session.complain(count.error());
  if (session.json()) return kDone;
  if (unchanged > 0) session.out() << unchanged << " unchanged\n";
  if (*count == 0) session.hint("the files declare no [[work]]");
  return kDone;
}

}  // namespace

Command::Run set_up_apply(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<ApplyOptions>();
  app.add_option("FILE", options->files, "TOML files that declare jobs")->required()->type_name("");
  app.add_flag("--prune", options->prune, "Cancel applied jobs that are no longer named");
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

}  // namespace wm::cli
