#include <algorithm>
#include <array>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/complete.h"
#include "cli/global_options.h"
#include "cli/help.h"
#include "cli/job_or_command.h"
#include "cli/mistakes.h"
#include "cli/streams.h"
#include "core/text.h"

namespace wm::cli {
namespace {

constexpr std::array kCommands{
    Command{"Jobs", "once", "Run a command once, when its constraints hold", true, set_up_once},
    Command{"Jobs", "every", "Run a command again and again", true, set_up_every},
    Command{"Jobs", "register-oneoff", "Run a task once, when its constraints hold", true,
            set_up_register_oneoff},
    Command{"Jobs", "register-periodic", "Run a task again and again", true,
            set_up_register_periodic},
    Command{"Jobs", "register-processing", "Run long maintenance while nobody uses the machine",
            true, set_up_register_processing},
    Command{"Jobs", "update", "Change an unfinished job in place", true, set_up_update},
    Command{"Jobs", "edit", "Change unfinished jobs in your editor", false, set_up_edit},
    Command{"Jobs", "cancel", "Cancel jobs by name, by tag, or all", false, set_up_cancel},
    Command{"Jobs", "run", "Start a job now, whatever its constraints", false, set_up_run},
    Command{"Jobs", "retry", "Enqueue failed or cancelled jobs once more", false, set_up_retry},
    Command{"Jobs", "apply", "Register the jobs that files declare", false, set_up_apply},
    Command{"Jobs", "diff", "Show what wm apply would change", false, set_up_diff},
    Command{"Jobs", "export", "Print the unfinished jobs as such a file", false, set_up_export},
    Command{"Jobs", "import", "Print jobs of cron, systemd, at as such a file", false,
            set_up_import},
    Command{"Questions", "list", "List jobs, their states and what they wait for", false,
            set_up_list},
    Command{"Questions", "show", "Show everything known about one job", false, set_up_show},
    Command{"Questions", "why", "Show what a job needs, beside what is measured", false,
            set_up_why},
    Command{"Questions", "wait", "Wait until jobs have ended", false, set_up_wait},
    Command{"Questions", "watch", "Print each event as it happens", false, set_up_watch},
    Command{"Questions", "history", "List runs, newest first", false, set_up_history},
    Command{"Questions", "logs", "Print the output of a run", false, set_up_logs},
    Command{"Questions", "forecast", "Show what would run when, as things are", false,
            set_up_forecast},
    Command{"Questions", "conditions", "Show what the sensors report, or pretend otherwise", false,
            set_up_conditions},
    Command{"Questions", "check", "Tell scripts whether constraints hold now", false, set_up_check},
    Command{"Questions", "tasks", "List the declared tasks and their commands", false,
            set_up_tasks},
    Command{"Queue", "pause", "Start nothing new", false, set_up_pause},
    Command{"Queue", "resume", "End a pause", false, set_up_resume},
    Command{"Queue", "prune", "Forget finished jobs", false, set_up_prune},
    Command{"In a run", "progress", "From inside a run: report how far it is", false,
            set_up_progress},
    Command{"In a run", "alive", "From inside a run: put off its watchdog", false, set_up_alive},
    Command{"In a run", "output", "From inside a run: set its result", false, set_up_output},
    Command{"Daemon", "status", "Show the daemon's own state", false, set_up_status},
    Command{"Daemon", "doctor", "Check what wmd depends on, and how to fix it", false,
            set_up_doctor},
    Command{"Daemon", "metrics", "Print metrics in Prometheus' format", false, set_up_metrics},
    Command{"Daemon", "daemon", "Replace the daemon by a new program", false, set_up_daemon},
    Command{"Daemon", "completion", "Print a completion script for a shell", false,
            set_up_completion},
    Command{"Daemon", "help", "Show the manual, or all commands", false, set_up_help},
};

constexpr std::array<std::string_view, 3> kOptionsWithValue{"--socket", "--owner", "--color"};

// Prints a usage error in one line, as every error of wm.
int complain(const std::string& what, const std::string& command, Streams streams) {
  return complain_of_usage(what, "wm", command, streams.err);
}

// Reads the command line: it has the global options, and those of the named command.
struct Parser {
  Parser(const CommandLine& line, const Command* command);

  GlobalOptions options;
  CLI::App app{"wm: runs work when its conditions hold, retries it, never twice at once.", "wm"};
  CLI::App* named = nullptr;
  Command::Run run;
};

Parser::Parser(const CommandLine& line, const Command* command) {
  add_global_options(app, options);
  app.formatter(help_formatter());
  app.require_subcommand(1);
  app.fallthrough();
  for (const Command& one : kCommands) {
    if (command && &one != command) continue;
    CLI::App* sub = app.add_subcommand(one.name, one.summary)->group(std::string(one.group));
    if (&one != command) continue;
    run = one.set_up(*sub, line);
    named = sub;
    sub->footer(sub->get_footer() + "\nFor the options of all commands, such as --json: wm help");
  }
}

void parse(Parser& parser, const CommandLine& line) {
  // CLI11 takes the words in reverse order.
  std::vector<std::string> reversed(line.words.rbegin(), line.words.rend());
  parser.app.parse(std::move(reversed));
}

bool is_understood(Parser& parser, const CommandLine& line) {
  if (!misplaced_value(parser.named, line.words).empty()) return false;
  try {
    parse(parser, line);
  } catch (const CLI::ParseError&) {
    return false;
  }
  return empty_value(parser.app).empty();
}

int complain_of_lost_output(Streams streams) {
  streams.err << "wm: standard output cannot be written\n";
  return kFailed;
}

int run(Parser& parser, Streams streams) {
  Session session(std::move(parser.options), streams);
  try {
    return parser.run(session);
  } catch (const OutputLost&) {
    return complain_of_lost_output(streams);
  }
}

// With all options, also says what is wrong, or prints the help that was asked for.
int parse_whole(const CommandLine& line, const Command* command, Streams streams) {
  Parser parser(line, command);
  const std::string name = command ? command->name : "";
  if (const std::string what = misplaced_value(parser.named, line.words); !what.empty()) {
    return complain(what, name, streams);
  }
  try {
    parse(parser, line);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) {
      const bool short_one = !command && e.get_name() == "CallForHelp";
      if (!short_one) return parser.app.exit(e, streams.out, streams.err);
      streams.out << short_help();
      return kDone;
    }
    std::string what = usage_problem(e, parser.app, line.words, [](const std::string& option) {
      return command_with(option, kCommands);
    });
    const bool lost = what.starts_with("unexpected argument") && line.trailing.empty();
    if (lost && command && command->takes_command) what += ": write the command after --";
    return complain(what, name, streams);
  }
  if (const std::string what = empty_value(parser.app); !what.empty()) {
    return complain(what, name, streams);
  }
  return run(parser, streams);
}

// Builds only the options that were typed, unless that fails: a client starts often, and ends soon.
int parse_and_run(CommandLine line, const Command* command, Streams streams) {
  if (command) {
    line.whole = false;
    Parser parser(line, command);
    if (is_understood(parser, line)) return run(parser, streams);
    line.whole = true;
  }
  return parse_whole(line, command, streams);
}

// With a command: the manual or, where there is none, its options. Without: all commands.
int help(Session& session, const std::string& name) {
  const Command* const command = name.empty() ? nullptr : find_command(name);
  if (!name.empty() && !command) {
    const std::string meant = meant_command(name);
    return session.complain({ErrorCode::invalid, "unknown command '" + name + "'" +
                                                     (meant.empty() ? ": see wm help" : meant)});
  }
  if (command && show_manual(name)) return kDone;
  const Parser parser({}, command);
  session.out() << (parser.named ? parser.named->help("wm") : parser.app.help());
  return kDone;
}

// What needs no command's options is printed before any are made.
bool print_at_once(const std::string& option, Streams streams) {
  const bool version = option == "--version";
  if (version) streams.out << version_line() << '\n';
  const bool help = option == "--help" || option == "-h";
  if (help) streams.out << short_help();
  return version || help;
}

// The options of all commands before that word.
GlobalOptions options_before(const std::vector<std::string>& arguments, const std::string* word) {
  GlobalOptions options;
  CLI::App app;
  add_global_options(app, options);
  try {
    std::vector<std::string> reversed(arguments.data(), word);
    std::ranges::reverse(reversed);
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError&) {
    return {};
  }
  return options;
}

// The status of a command whose output must all be written.
int flushed(int status, Streams streams) {
  if (streams.out.flush() || status != kDone) return status;
  return complain_of_lost_output(streams);
}

}  // namespace

Command::Run set_up_help(CLI::App& app, const CommandLine&) {
  auto name = std::make_shared<std::string>();
  app.add_option("COMMAND", *name, "Show the manual; where there is none, its options")
      ->type_name("");
  app.footer("Example: wm help\n         wm help logs");
  return [name](Session& session) { return help(session, *name); };
}

std::span<const Command> all_commands() { return kCommands; }

const Command* find_command(std::string_view name) {
  const auto found =
      std::ranges::find(kCommands, name, [](const Command& c) { return std::string_view(c.name); });
  return found == kCommands.end() ? nullptr : &*found;
}

bool CommandLine::wants(std::string_view names) const {
  const std::string list = ',' + std::string(names) + ',';
  const auto gives = [&](std::string_view word) {
    std::string name(word.substr(0, word.find('=')));
    if (name.starts_with("--no-")) name.erase(2, 3);
    return list.find(',' + name + ',') != std::string::npos;
  };
  return whole || std::ranges::any_of(words, gives);
}

int run(int argc, const char* const* argv, Streams streams) {
  std::vector<std::string> arguments(argv + 1, argv + std::max(argc, 1));
  if (arguments.size() > 1 && arguments[0] == "complete" && arguments[1] == "--") {
    return complete({arguments.begin() + 2, arguments.end()}, streams.out);
  }
  const std::string* word = first_word(arguments, kOptionsWithValue);
  const Command* command = word ? find_command(*word) : nullptr;
  if (word && !command) {
    return complain(no_command(*word, options_before(arguments, word)), "", streams);
  }
  for (const std::string& argument : arguments) {
    if (is_utf8(argument)) continue;
    streams.err << "wm: the argument '" << printable(argument) << "' is not UTF-8\n";
    return kUsage;
  }
  if (arguments.empty()) arguments.emplace_back("--help");
  if (!command && print_at_once(arguments.front(), streams)) return flushed(kDone, streams);
  CommandLine line;
  const auto dashes = std::ranges::find(arguments, "--");
  if (command && command->takes_command && dashes != arguments.end()) {
    line.trailing.assign(dashes + 1, arguments.end());
    arguments.erase(dashes, arguments.end());
  }
  line.words = std::move(arguments);
  return flushed(parse_and_run(std::move(line), command, streams), streams);
}

}  // namespace wm::cli
