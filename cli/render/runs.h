// Runs beside each other: how long they took, and how they ended.
#pragma once

#include <optional>
#include <string>

#include <boost/json.hpp>

#include "cli/render/style.h"
#include "core/time.h"

namespace wm::cli {

/// The duration of the run that took longest.
Duration longest_of(const boost::json::array& runs);

/// How long a run took; nothing: it goes on, or ended while there was no daemon to see when.
std::optional<Duration> time_taken(const boost::json::object& run);

/// A bar for how long a run took; that of `longest` has so many columns. Empty if it goes on.
std::string duration_bar(const Style& style, Duration took, Duration longest, std::size_t columns);

/// Adds runs up.
class RunTotals {
 public:
  void add(const boost::json::array& runs);
  /// `12 runs: 10 succeeded, 2 failed; mean 41s`
  std::string text() const;

 private:
  std::size_t all_ = 0;
  std::size_t succeeded_ = 0;
  std::size_t failed_ = 0;
  std::size_t interrupted_ = 0;
  std::size_t running_ = 0;
  std::size_t timed_ = 0;  // Somebody saw when they ended.
  Duration took_{};
};

}  // namespace wm::cli
