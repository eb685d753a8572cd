// Past conditions as people see them: a line for each change, and a band for each condition.
#pragma once

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "cli/render/style.h"
#include "core/time.h"

namespace wm::cli {

/// `2026-11-23 10:20:45  network    metered    rtnetlink: eth0`, for a change from the daemon.
std::string line_of_change(const boost::json::object& change);

/// One line of blocks per condition, from one time to another, and a time axis below them.
class ConditionBands {
 public:
  ConditionBands(TimePoint from, TimePoint to) : from_(from), to_(to) {}

  /// Takes the last changes before that time, in any order.
  void begin_with(const boost::json::array& before);
  /// Takes the next change.
  void add(const boost::json::object& change);

  /// `width`: that of the terminal. Prints nothing if there is nothing to show, or no room.
  void print(std::ostream& out, const Style& style, std::size_t width) const;

 private:
  /// How much of what jobs may need holds.
  enum class Level : std::uint8_t { unknown, none, part, all };
  struct Stretch {
    TimePoint from{};
    Level level = Level::unknown;
  };

  static Level level_of(const boost::json::object& change);
  void daemon_changed(TimePoint time, std::string_view event);
  Level level_in(const std::vector<Stretch>& band, TimePoint from, TimePoint to) const;
  std::string band_of(const std::vector<Stretch>& band, const Style& style,
                      std::size_t columns) const;
  TimePoint time_of_column(std::size_t column, std::size_t columns) const;
  std::string axis(const Style& style, std::size_t columns) const;

  TimePoint from_;
  TimePoint to_;
  std::map<std::string, std::vector<Stretch>> bands_;
};

}  // namespace wm::cli
