// Runs another program, and reads what it prints.
#pragma once

#include <string>
#include <vector>

namespace wm::cli {

struct ProgramOutput {
  int status = -1;  // The exit status; -1: it could not be started, or a signal has ended it.
  std::string out;
  std::string complaint;  // The first line on its standard error.
};

/// Runs the command, whose first word is an absolute path, to its end. Standard input is empty.
ProgramOutput output_of(std::vector<std::string> command);

}  // namespace wm::cli
