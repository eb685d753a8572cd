// Says what is wrong with a command line, and what may be meant.
#pragma once

#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace wm::cli {

/// The first word that is neither an option nor the value of one of `with_value`; nullptr: none is.
const std::string* first_word(const std::vector<std::string>& words,
                              std::span<const std::string_view> with_value);

/// `: did you mean COMMAND?`, or nothing.
std::string meant_command(const std::string& word);

/// A word that is no command: another one or, with a name that a job could have, that job.
std::string unknown_command(const std::string& word);

/// The command that has that option; empty: none has.
template <typename Commands>
std::string command_with(const std::string& option, const Commands& commands) {
  for (const auto& one : commands) {
    CLI::App app;
    one.set_up(app, {});
    if (app.get_option_no_throw(option)) return one.name;
  }
  return "";
}

/// A mistake that the parser would accept: it takes the word after a flag or after `--option=`, or
/// the second of a value, for something else. Empty: there is none. `command`: the named one;
/// nullptr: none is.
std::string misplaced_value(const CLI::App* command, const std::vector<std::string>& typed);

/// The first option or name of a parsed line that was given an empty value, which would mean all,
/// or none at all. An empty value gives an option of wm update its default. Empty: there is none.
std::string empty_value(const CLI::App& app);

/// Finds the command that has an option which the typed one does not know; empty: none has.
using Elsewhere = std::function<std::string(const std::string& option)>;

/// The library's message, rewritten so that it names the option first. `elsewhere` finds the
/// command that has an option which the typed one does not know.
std::string usage_problem(const CLI::ParseError& error, const CLI::App& app,
                          const std::vector<std::string>& typed, const Elsewhere& elsewhere);

/// Prints a usage error of `program` and its command, if one is named, in one line.
int complain_of_usage(const std::string& what, const std::string& program,
                      const std::string& command, std::ostream& err);

}  // namespace wm::cli
