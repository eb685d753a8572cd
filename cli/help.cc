#include "cli/help.h"

#include <array>
#include <cstdlib>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/caller.h"
#include "cli/child.h"
#include "cli/command.h"
#include "cli/program_output.h"

namespace wm::cli {
namespace {

class HelpFormatter : public CLI::Formatter {
 public:
  // A flag has no value to show: the library would add {false} to its opposite.
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    std::string name = CLI::Formatter::make_option_name(option, is_positional);
    constexpr std::string_view kValue = "{false}";
    for (std::size_t at = name.find(kValue); at != std::string::npos; at = name.find(kValue)) {
      name.erase(at, kValue.size());
    }
    return name;
  }
  // The library puts two blank lines before each group but the first.
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    const bool first = is_positional || group == "Options";
    std::string text =
        CLI::Formatter::make_group(std::move(group), is_positional, std::move(options));
    return first || !text.starts_with('\n') ? text : text.substr(1);
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0 || option->get_type_name().empty()) return "";
    const bool several = option->get_expected_max() == CLI::detail::expected_max_vector_size;
    return " " + option->get_type_name() + (several ? " ..." : "");
  }
};

struct Use {
  std::string_view line;
  std::string_view says;
};

constexpr std::array kUses{
    Use{"wm once -- CMD…", "run a command once"},
    Use{"wm every day -- CMD…", R"(again and again; 2h, "Mon..Fri 09:00")"},
    Use{"  --network unmetered --charging --idle", "only if so; see wm once --help"},
    Use{"wm list", "the jobs, and what they wait for"},
    Use{"wm why NAME", "why it does not run, or why it failed"},
    Use{"wm logs NAME", "what it has printed"},
};

std::string names_of(std::string_view group) {
  constexpr std::size_t kIndent = 11;
  constexpr std::size_t kColumns = 80;
  std::string text;
  std::size_t column = kIndent - 1;
  for (const Command& command : all_commands()) {
    if (command.group != group) continue;
    const std::string_view name = command.name;
    const bool fits = column + 1 + name.size() <= kColumns;
    if (!text.empty()) text += fits ? " " : "\n" + std::string(kIndent, ' ');
    column = (fits ? column + 1 : kIndent) + name.size();
    text += name;
  }
  return text;
}

}  // namespace

std::shared_ptr<CLI::Formatter> help_formatter() {
  auto formatter = std::make_shared<HelpFormatter>();
  formatter->label("SUBCOMMAND", "COMMAND");
  return formatter;
}

std::string short_help() {
  std::string text = "wm runs work when its conditions hold, retries it, never twice at once.\n\n";
  for (const Use& use : kUses) text += fmt::format("  {:<40}{}\n", use.line, use.says);
  text += '\n';
  for (const std::string_view group : kCommandGroups) {
    text += fmt::format("{:<11}{}\n", group, names_of(group));
  }
  return text +
         "\nwm COMMAND --help: its options.  wm help COMMAND: the manual.\n"
         "wm help: each command in a line, and the options of all, such as --json.\n"
         "Example: wm once hello -- echo Hello; wm logs hello\n";
}

bool show_manual(const std::string& command) {
  if (::isatty(STDOUT_FILENO) == 0) return false;
  // less takes the place to begin at from there, and man adds its own options.
  std::vector<std::string> variables = own_environment();
  if (!std::getenv("LESS")) variables.push_back("LESS=+/^   " + command);
  const auto program = find_program("man");
  if (!program || output_of({*program, "-w", "1", "wm"}).status != 0) return false;
  const auto man = start({.words = {*program, "1", "wm"}, .environment = std::move(variables)});
  return man && await_end(*man) == 0;
}

}  // namespace wm::cli
