// The row of a job in a list: when it runs next, what it waits for, and how its last run ended.
#pragma once

#include <string>

#include <boost/json.hpp>

#include "cli/render/style.h"
#include "core/time.h"

namespace wm::cli {

/// The sign of its state: it runs, waits, has failed, has succeeded, or was cancelled. A job whose
/// next attempt follows a failure has that of one that has failed.
std::string sign_of(const boost::json::object& work, const Style& style);

/// The sign in its colour.
std::string painted_sign(const Style& style, std::string_view sign);

/// `running 30 %`, `in 14m`, `retry in 28s`, `tomorrow 02:30`, `when it holds`, `after a`,
/// `failed`: its state, or its next run.
std::string next_of(const boost::json::object& work, TimePoint now);

/// `unmetered network, external power`: what it waits for besides its time; of one that has
/// failed, why: `failed: exit 1 (1 of 5)`.
std::string needs_of(const boost::json::object& work);

/// The order in which people read jobs, as they were registered otherwise: those that run, those
/// that have failed, which may be tried again, those whose next run has a time, by that time, the
/// others that wait, and those that are done.
void sort_for_reading(boost::json::array& works, TimePoint now);

/// `✓ 3s ago`, `✗ today 03:12`; a sign for a job that has not run.
std::string last_run_of(const boost::json::object& work, const Style& style, TimePoint now);

}  // namespace wm::cli
