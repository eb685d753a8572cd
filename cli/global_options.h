// The options of all commands.
#pragma once

#include <string>

#include <CLI/App.hpp>

#include "cli/session.h"

namespace wm::cli {

/// `wm 0.1.0`
std::string version_line();

void add_global_options(CLI::App& app, GlobalOptions& options);

}  // namespace wm::cli
