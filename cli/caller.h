// What the caller's environment means: programs in PATH, paths from the working directory, texts in
// files.
#pragma once

#include <string>

#include "core/work.h"

namespace wm::cli {

/// The absolute path of a command: the file itself where `name` has a slash, else the first of that
/// name in PATH that may be executed.
Result<std::string> find_program(const std::string& name);

/// From the working directory. A shell leaves the tilde of a quoted pattern alone, so it is read
/// here.
std::string absolute_path(const std::string& path);

/// `@FILE`: its content; `-`: standard input; anything else is the text itself. `option` stands
/// before the error.
Result<std::string> read_text(const char* option, const std::string& source);

/// A hint where the request's working directory is not there now; else empty. That is no error, for
/// it may be mounted later.
std::string doubt_of_directory(const WorkRequest& request);

}  // namespace wm::cli
