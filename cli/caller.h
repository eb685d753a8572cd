// Reads the caller's environment: programs in PATH, paths from the working directory, texts in
// files.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/work.h"

namespace wm::cli {

/// The absolute path of a command: the file itself if `name` has a slash, otherwise the first
/// executable of that name in PATH.
Result<std::string> find_program(const std::string& name);

/// Resolves a path from the working directory. A shell leaves the tilde of a quoted pattern alone,
/// so it is expanded here.
std::string absolute_path(const std::string& path);

/// The caller's environment for a job: the variables of the list `NAME,NAME`, or all. All are
/// without those of wm, of this shell and terminal, and of the session, which a run gets as they
/// are when it starts; and without what cannot be passed on, because it is not UTF-8.
Result<std::map<std::string, std::string>> kept_environment(std::string_view names);
constexpr std::string_view kAllVariables = "true";

/// The caller's umask.
std::int32_t own_umask();

/// `@FILE`: its content; `-`: standard input; anything else is the text itself. The error begins
/// with `option`.
Result<std::string> read_text(const char* option, const std::string& source);

/// Hints at the request's working directory and its file of variables, if they do not exist now.
/// A job may be registered without them, because they may come later.
std::vector<std::string> doubts_of(const WorkRequest& request);

}  // namespace wm::cli
