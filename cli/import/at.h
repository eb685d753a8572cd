// Reads the jobs of at(1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/import/entry.h"

namespace wm::cli {

/// One line of atq(1): `12	Mon Nov 30 09:00:00 2026 a ann`.
struct AtLine {
  std::string number;
  std::string time;  // `2026-11-30 09:00:00`, local.
  char queue = 'a';
  std::string user;
};

/// Nothing if it is no such line.
std::optional<AtLine> read_at_line(std::string_view line);

/// The job of that line, with the script that `at -c` prints for it.
Entry read_at_job(std::string_view line, std::string_view script, const Caller& caller,
                  TimePoint now);

/// Says how wm differs for every such job.
std::vector<std::string> about_at();

}  // namespace wm::cli
