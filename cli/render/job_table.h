// The table of wm list, and the line below it.
#pragma once

#include <map>
#include <string>

#include <boost/json.hpp>

#include "cli/render/listing.h"
#include "cli/render/style.h"
#include "core/time.h"

namespace wm::cli {

struct JobTableForm {
  std::size_t width = 0;  // The terminal's; 0: there is none.
  bool signs = false;     // With signs and bars, for people.
  bool tasks = false;     // With the commands, however narrow it is.
};

/// A row per job. Times are relative to `now`.
Listing job_table(const Style& style, const JobTableForm& form, TimePoint now);

/// Counts jobs by their states.
class JobCounts {
 public:
  void add(const boost::json::array& works);
  std::size_t all() const { return all_; }
  /// `5 jobs: 1 running, 4 waiting.`, and a hint if it fits. `owner`: the user for whom root asks.
  std::string summary(std::size_t width, const std::string& owner = "") const;

 private:
  std::size_t of(std::string_view state) const;

  std::map<std::string, std::size_t, std::less<>> states_;
  std::size_t all_ = 0;
  bool others_ = false;  // Some are of other users than the caller.
};

}  // namespace wm::cli
