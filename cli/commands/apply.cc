#include <memory>

#include "cli/apply_jobs.h"
#include "cli/command.h"

namespace wm::cli {
namespace {

struct ApplyOptions {
  std::vector<std::string> files;
  ApplyTerms terms;
};

int apply(Session& session, const ApplyOptions& options) {
  const auto declared = read_works(options.files);
  return declared ? apply_jobs(session, *declared, options.terms)
                  : session.complain(declared.error());
}

}  // namespace

Command::Run set_up_apply(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<ApplyOptions>();
  app.add_option("FILE", options->files, "TOML files that declare jobs; - for stdin")
      ->required()
      ->type_name("");
  app.add_flag("--prune", options->terms.prune, "Cancel applied jobs that are no longer named");
  app.add_flag("--dry-run", options->terms.dry_run, "Change nothing, and say what would change");
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
