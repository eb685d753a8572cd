// Reads anacrontab(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/import/entry.h"

namespace wm::cli {

/// `user`: whose rights the jobs have; empty: the caller's.
std::vector<Entry> read_anacrontab(std::string_view text, const std::string& where,
                                   const std::string& user, const Caller& caller);

/// Says how wm differs for every job of anacron.
std::vector<std::string> about_anacron(const std::string& source);

}  // namespace wm::cli
