// Reads crontab(5): the table of a user, and those of the system, which name a user in each line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/import/entry.h"

namespace wm::cli {

struct CrontabForm {
  std::string where;        // Its name in comments.
  bool names_user = false;  // The sixth column is a user.
  std::string user;         // The owner of the table; empty: the caller.
};

/// The form of the table at that path: /etc/crontab and /etc/cron.d/NAME name users, and
/// /var/spool/cron/crontabs/ann is ann's.
CrontabForm crontab_form(const std::string& path);

std::vector<Entry> read_crontab(std::string_view text, const CrontabForm& form,
                                const Caller& caller);

/// Says how wm differs for every job of cron. `off` says how to end the old ones.
std::vector<std::string> about_cron(const std::string& source, const std::string& off);

}  // namespace wm::cli
