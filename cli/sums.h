// The line at the end of an answer with many others.
#pragma once

#include <map>
#include <string>

#include "cli/session.h"

namespace wm::cli {

/// On a terminal, after more lines than can be counted at a glance: `10000 jobs cancelled`,
/// `28 jobs enqueued, 2 updated`.
void print_sum(Session& session, const std::map<std::string, std::size_t>& sums);

}  // namespace wm::cli
