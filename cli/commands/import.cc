// Coming to wm from another scheduler: prints its jobs as a file for wm apply, or applies them.
#include <filesystem>
#include <memory>
#include <sstream>

#include "cli/apply_jobs.h"
#include "cli/caller.h"
#include "cli/command.h"
#include "cli/import/crontab.h"
#include "cli/program_output.h"
#include "config/read_file.h"
#include "core/text.h"

namespace wm::cli {

namespace fs = std::filesystem;

namespace {

struct ImportOptions {
  std::vector<std::string> names;  // Files or units.
  bool system_form = false;
  bool apply = false;
};

// What the program prints, or its own complaint.
Result<std::string> printed(const std::string& program, std::vector<std::string> arguments) {
  auto path = find_program(program);
  if (!path) return std::unexpected(path.error());
  // Dates and complaints in the language that is read here.
  arguments.insert(arguments.begin(), {"/usr/bin/env", "LC_ALL=C", std::move(*path)});
  ProgramOutput output = output_of(std::move(arguments));
  if (output.status == 0) return std::move(output.out);
  return fail(ErrorCode::failed,
              program + " fails: " +
                  (output.complaint.empty() ? "it gives no reason" : printable(output.complaint)));
}

// The files that a name means: for a directory those that cron would read there.
std::vector<std::string> files_of(const std::string& name) {
  std::error_code problem;
  if (!fs::is_directory(name, problem)) return {name};
  std::vector<std::string> files;
  for (const auto& one : fs::directory_iterator(name, problem)) {
    const std::string base = one.path().filename().string();
    const bool read = base.find_first_of(".~#") == std::string::npos;
    if (read && one.is_regular_file(problem)) files.push_back(one.path().string());
  }
  std::ranges::sort(files);
  return files;
}

Result<> add_crontab(Import& import, const std::string& path, bool system_form,
                     const Caller& caller) {
  const auto text = path == "-" ? read_text("FILE", path) : read_file(path);
  if (!text) return std::unexpected(text.error());
  CrontabForm form = crontab_form(path);
  if (path == "-") form.where = "stdin";
  form.names_user |= system_form;
  for (Entry& entry : read_crontab(*text, form, caller)) {
    import.entries.push_back(std::move(entry));
  }
  return {};
}

Result<Import> import_crontab(const ImportOptions& options) {
  const Caller caller = this_caller();
  Import import;
  if (options.names.empty()) {
    const auto text = printed("crontab", {"-l"});
    if (!text) return std::unexpected(text.error());
    import.head = about_cron("crontab -l", "crontab -e, and a # before each line.");
    import.entries = read_crontab(*text, {.where = "crontab"}, caller);
    return import;
  }
  for (const std::string& name : options.names) {
    for (const std::string& path : files_of(name)) {
      if (auto added = add_crontab(import, path, options.system_form, caller); !added) {
        return std::unexpected(added.error());
      }
    }
  }
  const bool stdin_alone = options.names == std::vector<std::string>{"-"};
  import.head = about_cron(stdin_alone ? "standard input" : printable(join(options.names)),
                           "put a # before each line there.");
  return import;
}

// Says on standard error what cannot be seen in the results.
void hint_at_rest(Session& session, const Import& import) {
  for (const Entry& entry : import.entries) {
    const std::string where = printable(entry.where) + ": ";
    for (const std::string& note : entry.notes) session.hint(where + printable(note));
    if (!entry.is_job()) session.hint(where + "not imported: " + printable(entry.refusal));
  }
  session.hint("the old ones are still there: wm import without --apply says how to end them");
}

int finish(Session& session, const ImportOptions& options, Result<Import> import) {
  if (!import) return session.complain(import.error());
  settle(*import);
  if (!options.apply) {
    if (session.json()) {
      session.print(to_json(*import));
    } else {
      write_import(session.out(), *import);
    }
    if (import->entries.empty()) session.hint("there is nothing to import");
    return kDone;
  }
  std::ostringstream text;
  write_import(text, *import);
  const auto declared = parse_works(text.str(), "import");
  if (!declared) return session.complain(declared.error());
  if (declared->empty()) {
    session.hint("there is nothing to register");
    return kDone;
  }
  const int status = apply_jobs(session, *declared, {});
  if (status == kDone && !session.json()) hint_at_rest(session, *import);
  return status;
}

using Source = Result<Import> (*)(const ImportOptions&);

CLI::App* add_source(CLI::App& app, ImportOptions& options, const char* name, const char* summary,
                     const char* names, const char* about_names) {
  auto* source = app.add_subcommand(name, summary);
  if (names) source->add_option(names, options.names, about_names)->type_name("");
  source->add_flag("--apply", options.apply, "Register the jobs instead of printing them");
  return source;
}

}  // namespace

Command::Run set_up_import(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<ImportOptions>();
  app.require_subcommand(1);
  auto* crontab = add_source(app, *options, "crontab", "Jobs of cron", "FILE",
                             "Tables, or directories of them; - for stdin.\n"
                             "Without one: your own (crontab -l)");
  crontab->add_flag("--system-form", options->system_form,
                    "The sixth column is a user, as in /etc/crontab and\n"
                    "/etc/cron.d, where it is taken for one anyway");
  crontab->footer(
      "Example: wm import crontab >jobs.toml\n"
      "         wm import crontab /etc/crontab /etc/cron.d >jobs.toml");
  app.footer(
      "Prints a file for wm apply. Comments say what cannot be carried over, and why.\n"
      "Nothing of the old is touched: the comment at the top says how to end it.\n"
      "Example: wm import crontab >jobs.toml\n"
      "         wm apply jobs.toml");
  return
      [options](Session& session) { return finish(session, *options, import_crontab(*options)); };
}

}  // namespace wm::cli
