#include <algorithm>
#include <array>

#include <CLI/CLI.hpp>

#include "cli/help.h"
#include "cli/mistakes.h"
#include "core/suggest.h"
#include "core/text.h"
#include "core/version.h"
#include "fleet/command.h"

namespace wm::fleet {
namespace {

constexpr std::array kCommands{
    Command{"Work", "register-oneoff", "Run something once, on a node that suits",
            set_up_register_oneoff},
    Command{"Work", "register-periodic", "Run something again and again", set_up_register_periodic},
    Command{"Work", "register-processing", "Run long maintenance on a node that nobody uses",
            set_up_register_processing},
    Command{"Work", "apply", "Register what files declare", set_up_apply},
    Command{"Work", "export", "Print the unfinished work as such a file", set_up_export},
    Command{"Work", "cancel", "Cancel work by name", set_up_cancel},
    Command{"Questions", "list", "List work, and where it is", set_up_list},
    Command{"Questions", "show", "Show everything known about one work", set_up_show},
    Command{"Questions", "why", "Show why work is not running, node by node", set_up_why},
    Command{"Questions", "wait", "Wait until work has ended", set_up_wait},
    Command{"Questions", "history", "List runs, newest first", set_up_history},
    Command{"Questions", "logs", "Print the end of a run's output", set_up_logs},
    Command{"Nodes", "nodes", "List nodes, and how they are", set_up_nodes},
    Command{"Nodes", "enroll", "Let a machine in; prints its configuration", set_up_enroll},
    Command{"Nodes", "label", "Set or remove a node's labels", set_up_label},
    Command{"Nodes", "drain", "Give a node nothing new", set_up_drain},
    Command{"Nodes", "revoke", "Close the fleet to a node", set_up_revoke},
    Command{"This machine", "agent", "Serve this machine's wmd; wm-fleet.service runs it",
            set_up_agent},
    Command{"This machine", "status", "Show how this machine's agent is", set_up_status},
    Command{"Database", "init", "Make the fleet's tables in a database", set_up_init},
    Command{"Database", "migrate", "Bring them to this version", set_up_migrate},
    Command{"Database", "prune", "Forget work that has ended, and its runs", set_up_prune},
};

const Command* find_command(const std::string& name) {
  const auto found = std::ranges::find(kCommands, name, &Command::name);
  return found == kCommands.end() ? nullptr : &*found;
}

constexpr std::array<std::string_view, 1> kOptionsWithValue{"--database"};

std::string unknown_command(const std::string& word) {
  std::vector<std::string_view> names;
  for (const Command& one : kCommands) names.emplace_back(one.name);
  return "unknown command '" + word + "'" + did_you_mean(word, names);
}

int complain(const std::string& what, const std::string& command, cli::Streams streams) {
  return cli::complain_of_usage(what, "wm-fleet", command, streams.err);
}

// Reads the command line: it has the global options, and those of all commands.
struct Parser {
  Parser(const cli::CommandLine& line, const Command* command);

  bool json = false;
  std::string database;
  CLI::App app{"wm-fleet: the same work on any machine that suits.", "wm-fleet"};
  CLI::App* named = nullptr;
  Command::Run run;
};

Parser::Parser(const cli::CommandLine& line, const Command* command) {
  app.set_version_flag("--version", "wm-fleet " + std::string(kVersion));
  app.add_flag("--json", json, "Print one JSON document");
  app.add_option("--database", database, "libpq's connection string, instead of $PGHOST, …")
      ->type_name("CONNINFO");
  app.formatter(cli::help_formatter());
  app.require_subcommand(1);
  app.fallthrough();
  app.footer("Example: wm-fleet init\n         wm-fleet enroll laptop7 --label site=berlin");
  for (const Command& one : kCommands) {
    CLI::App* const sub = app.add_subcommand(one.name, one.summary)->group(one.group);
    if (&one != command) continue;
    run = one.set_up(*sub, line);
    named = sub;
  }
}

int parse_and_run(const cli::CommandLine& line, const Command* command, cli::Streams streams) {
  Parser parser(line, command);
  const std::string name = command ? command->name : "";
  if (const std::string what = cli::misplaced_value(parser.named, line.words); !what.empty()) {
    return complain(what, name, streams);
  }
  try {
    // CLI11 takes the words in reverse order.
    std::vector<std::string> reversed(line.words.rbegin(), line.words.rend());
    parser.app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return parser.app.exit(error, streams.out, streams.err);
    const auto elsewhere = [](const std::string& option) {
      return cli::command_with(option, kCommands);
    };
    return complain(cli::usage_problem(error, parser.app, line.words, elsewhere), name, streams);
  }
  Context context(parser.json, parser.database, streams);
  try {
    return parser.run(context);
  } catch (const std::exception& error) {
    return context.complain({ErrorCode::failed, error.what()});
  }
}

}  // namespace

int run(int argc, const char* const* argv, cli::Streams streams) {
  cli::CommandLine line;
  const std::vector<std::string> all(argv + 1, argv + std::max(argc, 1));
  for (const std::string& argument : all) {
    if (!is_utf8(argument)) {
      return complain("the argument '" + printable(argument) + "' is not UTF-8", "", streams);
    }
  }
  const auto separator = std::ranges::find(all, "--");
  line.words.assign(all.begin(), separator);
  if (separator != all.end()) line.trailing.assign(separator + 1, all.end());
  if (line.words.empty()) line.words.emplace_back("--help");
  const std::string* const word = cli::first_word(line.words, kOptionsWithValue);
  const Command* const command = word ? find_command(*word) : nullptr;
  if (word && !command) return complain(unknown_command(*word), "", streams);
  return parse_and_run(line, command, streams);
}

}  // namespace wm::fleet
