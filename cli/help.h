// The help: short first, then all commands, then the manual.
#pragma once

#include <memory>
#include <string>

#include <CLI/Formatter.hpp>

namespace wm::cli {

/// Writes the options of a command as people type them.
std::shared_ptr<CLI::Formatter> help_formatter();

/// `wm --help` prints this. It fits on a screen: the daily commands, and the names of all.
std::string short_help();

/// Shows the page of wm(1), in less(1) from the section of the command on; false if that cannot be
/// done here.
bool show_manual(const std::string& command);

}  // namespace wm::cli
