// The jobs that a command means by --tag or --failed instead of names.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"

namespace wm::cli {

/// The caller's own jobs that List gives for that question, in the order of their registration:
/// root is told of everybody's.
Result<boost::json::array> own_jobs(Session& session, boost::json::object question);

/// The names of the caller's jobs with that tag, in one of these states.
Result<std::vector<std::string>> names_with_tag(Session& session, const std::string& tag,
                                                boost::json::array states);

/// `no unfinished jobs with the tag 'x'`
std::string none_with_tag(std::string_view what, const std::string& tag);

}  // namespace wm::cli
