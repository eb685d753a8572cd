#include <algorithm>
#include <array>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/streams.h"
#include "core/text.h"
#include "core/version.h"

namespace wm::cli {
namespace {

constexpr std::array kCommands{
    Command{"register-oneoff", "Run a task once, when its constraints hold", true,
            set_up_register_oneoff},
    Command{"register-periodic", "Run a task again and again", true, set_up_register_periodic},
    Command{"register-processing", "Run long maintenance while nobody uses the machine", true,
            set_up_register_processing},
    Command{"update", "Change unfinished work in place", true, set_up_update},
    Command{"apply", "Register all that files declare", false, set_up_apply},
    Command{"export", "The present works as such a file", false, set_up_export},
    Command{"cancel", "Cancel work by name, by tag, or all of it", false, set_up_cancel},
    Command{"list", "The works, their states and what they wait for", false, set_up_list},
    Command{"show", "All that is known of one work", false, set_up_show},
    Command{"why", "What work waits for: needed beside measured", false, set_up_why},
    Command{"wait", "Wait until work has ended", false, set_up_wait},
    Command{"watch", "A line for each event, as it happens", false, set_up_watch},
    Command{"history", "The runs, newest first", false, set_up_history},
    Command{"logs", "What a run printed", false, set_up_logs},
    Command{"forecast", "What would run when, as things are", false, set_up_forecast},
    Command{"conditions", "What the sensors say, and how to pretend otherwise", false,
            set_up_conditions},
    Command{"check", "Whether constraints hold now, for scripts", false, set_up_check},
    Command{"run", "Start work now, whatever its delay and constraints", false, set_up_run},
    Command{"retry", "Failed or cancelled work, once more", false, set_up_retry},
    Command{"pause", "Start nothing new", false, set_up_pause},
    Command{"resume", "Go on after a pause", false, set_up_resume},
    Command{"prune", "Forget finished work", false, set_up_prune},
    Command{"progress", "From inside a run: how far it is", false, set_up_progress},
    Command{"output", "From inside a run: what it gives back", false, set_up_output},
    Command{"status", "The daemon itself", false, set_up_status},
    Command{"doctor", "What the daemon stands on, and how to mend it", false, set_up_doctor},
    Command{"metrics", "For monitoring, in Prometheus' format", false, set_up_metrics},
    Command{"daemon", "Put a new program in the daemon's place", false, set_up_daemon},
    Command{"tasks", "The declared tasks and their commands", false, set_up_tasks},
    Command{"completion", "What a shell completes, as a script for it", false, set_up_completion},
};

const Command* find_command(std::string_view name) {
  const auto found =
      std::ranges::find(kCommands, name, [](const Command& c) { return std::string_view(c.name); });
  return found == kCommands.end() ? nullptr : &*found;
}

// The first word that is no option, nor the value of one.
const std::string* first_word(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--socket" || argument == "--owner" || argument == "--color") {
      ++i;
    } else if (!argument.starts_with('-')) {
      return &argument;
    }
  }
  return nullptr;
}

void add_global_options(CLI::App& app, GlobalOptions& options) {
  app.add_flag("--json", options.json, "Print JSON");
  auto* user = app.add_flag("--user", options.user, "Talk to your own daemon");
  app.add_flag("--system", options.system, "Talk to the system's daemon")->excludes(user);
  app.add_option("--socket", options.socket, "Talk to the daemon at this socket")
      ->type_name("PATH");
  app.add_option("--owner", options.owner, "For root: act for this user")->type_name("USER");
  app.add_option_function<std::string>(
         "--color",
         [&options](const std::string& text) {
           const auto choice = parse_word<ColorChoice>(text);
           if (!choice) throw CLI::ValidationError("--color", choice.error().message);
           options.color = *choice;
         },
         "auto (default: on a terminal), always or never")
      ->type_name("WHEN");
  app.set_version_flag("--version", "wm " + std::string(kVersion));
  app.footer(
      "Example: wm register-oneoff hello -- echo Hello\n"
      "         wm logs hello\n"
      "wm COMMAND --help says more of each.");
}

// A usage error in one line, as every error of wm.
int complain(const CLI::ParseError& error, const std::string& command, Streams streams) {
  std::string what = error.what();
  std::ranges::replace(what, '\n', ' ');
  streams.err << "wm: " << printable(what) << ": see wm " << command << (command.empty() ? "" : " ")
              << "--help\n";
  return kUsage;
}

// Only the named command's options are built: a client starts often, and is done soon.
int parse_and_run(std::vector<std::string> arguments, const Command* command,
                  const Trailing& trailing, Streams streams) {
  CLI::App app("wm: runs work when its conditions hold, retries it, never twice at once.", "wm");
  GlobalOptions options;
  add_global_options(app, options);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.require_subcommand(1);
  app.fallthrough();
  Command::Run run;
  for (const Command& one : kCommands) {
    if (command && &one != command) continue;
    CLI::App* sub = app.add_subcommand(one.name, one.summary)->group("Commands");
    if (&one != command) continue;
    run = one.set_up(*sub, trailing);
    sub->footer(sub->get_footer() + "\nOptions of all commands, --json among them: wm --help");
  }
  try {
    std::ranges::reverse(arguments);  // As CLI11 takes them.
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() != 0) return complain(e, command ? command->name : "", streams);
    return app.exit(e, streams.out, streams.err);
  }
  Session session(std::move(options), streams);
  return run(session);
}

}  // namespace

std::span<const Command> all_commands() { return kCommands; }

int run(int argc, const char* const* argv, Streams streams) {
  std::vector<std::string> arguments(argv + 1, argv + std::max(argc, 1));
  const std::string* word = first_word(arguments);
  const Command* command = word ? find_command(*word) : nullptr;
  if (word && !command) {
    streams.err << "wm: unknown command '" << printable(*word) << "': see wm --help\n";
    return kUsage;
  }
  for (const std::string& argument : arguments) {
    if (is_utf8(argument)) continue;
    streams.err << "wm: the argument '" << printable(argument) << "' is not UTF-8\n";
    return kUsage;
  }
  if (arguments.empty()) arguments.emplace_back("--help");
  Trailing trailing;
  const auto dashes = std::ranges::find(arguments, "--");
  if (command && command->takes_command && dashes != arguments.end()) {
    trailing.assign(dashes + 1, arguments.end());
    arguments.erase(dashes, arguments.end());
  }
  const int status = parse_and_run(std::move(arguments), command, trailing, streams);
  if (!streams.out.flush() && status == kDone) {
    streams.err << "wm: standard output cannot be written\n";
    return kFailed;
  }
  return status;
}

}  // namespace wm::cli
