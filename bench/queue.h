// Filling a daemon's queue.
#pragma once

#include <string>

#include <boost/json.hpp>

#include "tests/support/programs.h"

namespace wm {

/// A configuration with room for two million jobs.
inline constexpr const char* kRoom =
    "[limits]\nmax_work_per_owner = 2000000\nmax_work_space = 100000000000\n";

/// The most jobs for one file.
inline constexpr int kApplied = 100'000;

std::string job_name(int number);

/// Registers jobs of /bin/true with these members, pipelined on one connection.
void register_jobs(RawConnection& connection, int count, const boost::json::object& members);

/// A file for `wm apply` with so many jobs that wait for an hour.
void write_jobs(const std::string& file, int first, int count);

}  // namespace wm
