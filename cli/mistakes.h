// Says what is wrong with a command line, and what may be meant.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace wm::cli {

/// A word that is no command: another one or, with a name that a job could have, that job.
std::string unknown_command(const std::string& word);

/// A mistake that the parser would accept: it takes the word after a flag, or the second of a
/// value, for a name. Empty: there is none. `command`: the named one; nullptr: none is.
std::string misplaced_value(const CLI::App* command, const std::vector<std::string>& typed);

/// The library's message, rewritten so that it names the option first.
std::string usage_problem(const CLI::ParseError& error, const CLI::App& app,
                          const std::vector<std::string>& typed);

}  // namespace wm::cli
