// Coming to wm from another scheduler: prints its jobs as a file for wm apply, or applies them.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <sstream>

#include "cli/apply_jobs.h"
#include "cli/caller.h"
#include "cli/command.h"
#include "cli/import/anacron.h"
#include "cli/import/at.h"
#include "cli/import/crontab.h"
#include "cli/import/free_names.h"
#include "cli/import/lines.h"
#include "cli/import/systemd_timers.h"
#include "cli/program_output.h"
#include "cli/render/local_time.h"
#include "config/read_file.h"
#include "core/json_fields.h"
#include "core/suggest.h"
#include "core/text.h"

namespace wm::cli {

namespace fs = std::filesystem;

namespace {

struct ImportOptions {
  std::vector<std::string> names;  // Files or units.
  bool system_form = false;
  bool all = false;   // Timers that nothing enables, too.
  bool user = false;  // The global options.
  std::string owner;
  bool apply = false;
};

// Returns what the program prints; if it fails, the error is its own complaint.
Result<std::string> printed(const std::string& program, std::vector<std::string> arguments) {
  auto path = find_program(program);
  if (!path) return invalid("there is no " + program + " in PATH");
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

Result<std::string> read_table(const std::string& path) {
  auto text = path == "-" ? read_text("FILE", path) : read_file(path);
  if (!text) return invalid(text.error().message);
  return text;
}

Result<> add_crontab(Import& import, const std::string& path, bool system_form,
                     const Caller& caller) {
  const auto text = read_table(path);
  if (!text) return std::unexpected(text.error());
  CrontabForm form = crontab_form(path);
  if (path == "-") form.where = "stdin";
  form.names_user |= system_form;
  for (Entry& entry : read_crontab(*text, form, caller)) {
    import.entries.push_back(std::move(entry));
  }
  return {};
}

Result<Import> import_crontab(const ImportOptions& options, const Caller& caller) {
  Import import;
  if (options.names.empty()) {
    std::vector<std::string> whose;
    if (!options.owner.empty()) whose = {"-u", options.owner};
    std::vector<std::string> list = whose;
    list.emplace_back("-l");
    const auto text = printed("crontab", std::move(list));
    if (!text) return std::unexpected(text.error());
    whose.insert(whose.begin(), "crontab");
    const std::string command = printable(join(whose, " "));
    import.head = about_cron(command + " -l", command + " -e, and a # before each line.");
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

// `backup` and `backup.timer` are units, and what has a slash is a file, whose directory counts
// before all others.
std::string unit_of(const std::string& name, std::vector<fs::path>& directories) {
  const fs::path path(name);
  if (path.has_parent_path()) {
    const fs::path folder = path.parent_path();
    if (std::ranges::find(directories, folder) == directories.end()) {
      directories.insert(directories.begin(), folder);
    }
  }
  const std::string unit = path.filename().string();
  return unit.ends_with(".timer") ? unit : unit + ".timer";
}

Result<Import> import_timers(const ImportOptions& options, const Caller& caller) {
  std::vector<fs::path> directories = UnitFiles::usual_directories(options.user);
  std::vector<std::string> units;
  for (const std::string& name : options.names) units.push_back(unit_of(name, directories));
  const UnitFiles files(std::move(directories));
  if (units.empty()) units = files.timers();
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const TimerScope scope{.user = options.user, .runtime = runtime ? runtime : ""};
  Import import{.head = about_timers(scope), .entries = {}};
  std::vector<std::string> resting;
  for (const std::string& unit : units) {
    if (options.names.empty() && !options.all && !files.is_wanted(unit)) {
      resting.push_back(printable(unit));
      continue;
    }
    if (!files.load(unit)) {
      return fail(ErrorCode::not_found, "there is no timer '" + printable(unit) + "'" +
                                            did_you_mean_of(unit, files.timers()));
    }
    for (Entry& entry : read_timer(unit, files, scope, caller)) {
      import.entries.push_back(std::move(entry));
    }
  }
  if (!resting.empty()) {
    import.none = "nothing enables the " + std::to_string(resting.size()) +
                  " timers there are: --all imports them all the same";
    import.head.push_back("Left out, because nothing enables them (--all): " + join(resting));
  }
  return import;
}

Result<Import> import_at(const ImportOptions&, const Caller& caller) {
  const auto lines = printed("atq", {});
  if (!lines) return std::unexpected(lines.error());
  Import import{.head = about_at(), .entries = {}};
  for (const std::string& line : lines_of(*lines)) {
    const auto read = read_at_line(line);
    const auto script = read ? printed("at", {"-c", read->number}) : "";
    if (!script) return std::unexpected(script.error());
    import.entries.push_back(read_at_job(line, *script, caller, now()));
  }
  return import;
}

Result<Import> import_anacron(const ImportOptions& options, const Caller& caller) {
  constexpr const char* kUsual = "/etc/anacrontab";
  const std::string path = options.names.empty() ? kUsual : options.names.front();
  const auto text = read_table(path);
  if (!text) return std::unexpected(text.error());
  const std::string where = path == "-" ? "standard input" : path;
  // The system's anacron runs as root.
  const std::string user = absolute_path(path) == kUsual ? "root" : "";
  return Import{.head = about_anacron(printable(where)),
                .entries = read_anacrontab(*text, where, user, caller)};
}

// Says on standard error what cannot be seen in the results.
void hint_at_rest(Session& session, const Import& import, bool has_jobs) {
  for (const Entry& entry : import.entries) {
    const std::string where = printable(entry.where) + ": ";
    for (const std::string& note : entry.notes) session.hint(where + printable(note));
    if (!entry.is_job()) session.hint(where + "not imported: " + printable(entry.refusal));
  }
  session.hint(has_jobs
                   ? "the old ones are still there: wm import without --apply says how to end them"
                   : import.none);
}

int print_import(Session& session, const Import& import) {
  if (import.entries.empty() && !session.json()) {
    session.hint(import.none);
    return kDone;
  }
  if (session.json()) {
    session.print(to_json(import));
  } else {
    write_import(session.out(), import);
  }
  // In a file it is easily overlooked.
  const auto refused = std::ranges::count_if(import.entries, std::not_fn(&Entry::is_job));
  if (refused > 0 && !session.json() && !session.to_terminal()) {
    const std::size_t all = import.entries.size();
    session.hint((all == 1 ? "the entry"
                           : std::to_string(refused) + " of " + std::to_string(all) + " entries") +
                 " cannot become " + (refused == 1 ? "a job" : "jobs") +
                 ": see NOT A JOB in the comments");
  }
  return kDone;
}

int apply_import(Session& session, Import& import) {
  if (const auto named = choose_free_names(session, import); !named) {
    return session.complain(named.error());
  }
  std::ostringstream text;
  write_import(text, import);
  const auto declared = parse_works(text.str(), "import");
  if (!declared) return session.complain(declared.error());
  if (!declared->empty()) {
    const int status = apply_jobs(session, *declared, {.imported = true});
    if (status != kDone) return status;
  }
  if (!session.json()) hint_at_rest(session, import, !declared->empty());
  return kDone;
}

struct Source {
  const char* name;
  const char* summary;
  const char* operand;  // nullptr: it takes none.
  const char* about_operand;
  const char* footer;
  bool one_operand;
  Result<Import> (*read)(const ImportOptions& options, const Caller& caller);
};
constexpr Source kSources[]{
    {"crontab", "Jobs of cron", "FILE",
     "Tables, or directories of them; - for stdin.\n"
     "Without one: your own (crontab -l)",
     "Example: wm import crontab >jobs.toml\n"
     "         wm import crontab /etc/crontab /etc/cron.d >jobs.toml",
     false, import_crontab},
    {"systemd-timers", "Timers of systemd, and their services", "UNIT",
     "Timers, or their files.\n"
     "Without one: all that are enabled",
     "With --user: those of your own systemd.\n"
     "Example: wm import systemd-timers fstrim logrotate.timer\n"
     "         wm --user import systemd-timers >jobs.toml",
     false, import_timers},
    {"at", "Jobs of at", nullptr, nullptr, "Example: wm import at >jobs.toml", false, import_at},
    {"anacron", "Jobs of anacron", "FILE", "The table (/etc/anacrontab); - for stdin",
     "Example: wm import anacron >jobs.toml", true, import_anacron},
};

int import_from(Session& session, const Source& source, const ImportOptions& options) {
  const auto caller = caller_for(options.owner);
  if (!caller) return session.complain(caller.error());
  auto import = source.read(options, *caller);
  if (!import) return session.complain(import.error());
  settle(*import, *caller);
  return options.apply ? apply_import(session, *import) : print_import(session, *import);
}

void add_source(CLI::App& app, ImportOptions& options, const Source& source) {
  auto* sub = app.add_subcommand(source.name, source.summary);
  if (source.operand) {
    auto* operand = sub->add_option(source.operand, options.names, source.about_operand);
    operand->type_name("");
    if (source.one_operand) operand->expected(0, 1);
  }
  sub->add_flag("--apply", options.apply, "Register the jobs instead of printing them");
  sub->footer(source.footer);
}

}  // namespace

Command::Run set_up_import(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<ImportOptions>();
  app.require_subcommand(0, 1);
  for (const Source& source : kSources) add_source(app, *options, source);
  app.get_subcommand("crontab")->add_flag("--system-form", options->system_form,
                                          "The sixth column is a user, as it is anyway in\n"
                                          "/etc/crontab and /etc/cron.d");
  app.get_subcommand("systemd-timers")
      ->add_flag("--all", options->all, "Also timers that are not enabled");
  app.footer(
      "Prints a file for wm apply. Comments say what cannot be carried over, and why.\n"
      "Nothing of the old is touched: the comment at the top says how to end it.\n"
      "Example: wm import crontab >jobs.toml\n"
      "         wm apply jobs.toml");
  return [options, &app](Session& session) {
    if (app.get_subcommands().empty()) {
      return session.complain({ErrorCode::invalid,
                               "name where the jobs are: crontab, "
                               "systemd-timers, at or anacron"});
    }
    options->user = session.user();
    options->owner = session.owner();
    const std::string chosen = app.get_subcommands().front()->get_name();
    return import_from(session, *std::ranges::find(kSources, chosen, &Source::name), *options);
  };
}

}  // namespace wm::cli
