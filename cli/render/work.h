// Jobs and runs as people read them.
#pragma once

#include <ostream>
#include <string>

#include <boost/json.hpp>

#include "cli/render/style.h"
#include "core/json_fields.h"
#include "core/time.h"
#include "core/work.h"

namespace wm::cli {

/// `running`, `running (stopping)`, …
std::string state_of(const boost::json::object& work);

/// `12s of about 41s`, `50s, usually 41s`, or `12s` where nobody knows how long it takes; empty: it
/// does not run.
std::string time_so_far(const boost::json::object& work, TimePoint now);

/// `running 30 %, 12s of about 41s`, `running (stopping), 3s`: the state of one that runs.
std::string run_so_far(const boost::json::object& work, TimePoint now);

/// `everything`, `group backup, until today 18:00 (in 2h)`; `times`: with the date and seconds.
std::string pause_text(const boost::json::object& pause, TimePoint now, bool times = false);

/// `due tomorrow 02:30, waits for external power`: the waits of an enqueued job.
std::string waits_of(const boost::json::object& work, TimePoint now);

/// `network 2h5m, slot 3s`: the waits of a run after it was due.
std::string waited_of(const boost::json::object& run);

/// `40 % {"step":"upload"}`
std::string progress_of(const boost::json::object& progress);

/// `exit 75`, `signal 9`, `constraint-network`: the reason for the end of a run.
std::string cause_of(const boost::json::object& result);

/// `every 1d`, `calendar 0 3 * * *`; empty: it runs once.
std::string schedule_of(const boost::json::object& work);

/// The job's command, or its task's name.
std::string task_of(const boost::json::object& work);

/// One line: `enqueued 'sync', waits for a network`.
std::string describe_registration(const boost::json::object& work, const std::string& result);

/// A hint if the time of the request's run is past; otherwise empty.
std::string doubt_of_time(const WorkRequest& request);

struct PageForm {
  std::size_t width = 0;  // The terminal's; 0: there is none.
  bool times = false;     // Dates and seconds instead of `in 14m`.
};

/// Prints in a sentence how a job is, and below it everything known about it, one field per line.
void print_work(std::ostream& out, const Style& style, const boost::json::object& work,
                TimePoint now, const PageForm& form = {});

}  // namespace wm::cli
