// Reads the caller's environment: programs in PATH, paths from the working directory, texts in
// files.
#pragma once

#include <string>

#include "core/work.h"

namespace wm::cli {

/// The absolute path of a command: the file itself if `name` has a slash, otherwise the first
/// executable of that name in PATH.
Result<std::string> find_program(const std::string& name);

/// Resolves a path from the working directory. A shell leaves the tilde of a quoted pattern alone,
/// so it is expanded here.
std::string absolute_path(const std::string& path);

/// `@FILE`: its content; `-`: standard input; anything else is the text itself. The error begins
/// with `option`.
Result<std::string> read_text(const char* option, const std::string& source);

/// A hint if the request's working directory does not exist now; otherwise empty. That is no error,
/// because it may be mounted later.
std::string doubt_of_directory(const WorkRequest& request);

}  // namespace wm::cli
