// Says in words why a job does not run, or why it ended as it did.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "cli/render/style.h"
#include "core/time.h"

namespace wm::cli {

/// `an unmetered network`, `its time, tomorrow 02:30`: what a job waits for.
std::string awaited(const boost::json::object& wait, TimePoint now);

/// The same for a wait of that job, which may be appended to another one of its name.
std::string awaited_by(const boost::json::object& job, const boost::json::object& wait,
                       TimePoint now);

/// `A, B and C`; of a long list, only the first.
std::string enumerated(const std::vector<std::string>& parts);

/// The same as awaited() for a constraint, without a time.
std::string awaited_constraint(const boost::json::object& wait);

/// True if somebody has named the time at which that wait ends.
bool is_time_of_day(const boost::json::object& wait);

/// The time at which that wait ends by itself, if it is known.
std::optional<TimePoint> foreseen_end(const boost::json::object& wait);

/// False for a pause that ends before a time that the job waits for.
bool matters(const boost::json::object& wait, const boost::json::object& job);

/// True if the job has failed, or waits after a run that has.
bool is_about_failure(const boost::json::object& work);

/// `waits for external power`, `has failed: exit 1`: the sentence about a job without its name.
std::string what_it_does(const boost::json::object& why, const boost::json::object& work,
                         TimePoint now);

/// One sentence about a job, from the answers about it: what it waits for, or how it ended.
std::string verdict(const boost::json::object& why, const boost::json::object& work, TimePoint now);

/// Prints the facts behind it: what is missing, with the measured value, and what is there already.
/// `width`: that of the terminal; 0: there is none.
void print_facts(std::ostream& out, const Style& style, const boost::json::object& why,
                 const boost::json::object& work, std::size_t width, TimePoint now);

/// `wm `, or `wm --owner USER ` for that user's jobs.
std::string program_for(const std::string& owner);

/// `wm retry NAME`, with the name as a shell wants it.
std::string command_line(std::string_view command, const std::string& name,
                         const std::string& owner = "");

struct Asker {
  std::string owner;  // The user for whom root asks; empty: nobody else.
  bool rules = true;  // The asker may change what concerns all users.
};

/// The commands that people may want next, each with its purpose.
std::vector<std::string> next_steps(const boost::json::object& why, const Asker& asker = {});

}  // namespace wm::cli
