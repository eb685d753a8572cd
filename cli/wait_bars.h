// Shows on a terminal, while people wait for jobs, a line per job: how far it is, or what it waits
// for.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "cli/render/lines.h"
#include "cli/session.h"

namespace wm::cli {

class WaitBars {
 public:
  /// Shows nothing unless `shown`.
  WaitBars(Session& session, bool shown);

  bool shown() const { return shown_; }
  /// The jobs that are waited for from now on.
  void wait_for(const std::vector<std::string>& names) { names_ = names; }
  /// The names of which something can be shown: no more than a screenful.
  std::vector<std::string> on_screen() const;

  /// A run has said how far it is.
  void take_progress(const std::string& name, const boost::json::object& progress);
  /// Something has happened: asks again, at most once a second.
  void note_change();
  void draw_in_time();
  /// Takes the lines away, because something else is about to be printed.
  void clear() { lines_.clear(); }

 private:
  using Clock = std::chrono::steady_clock;

  void ask();
  void draw();
  std::string line_of(const std::string& name, std::size_t width) const;

  Session& session_;
  bool shown_;
  Lines lines_;
  std::vector<std::string> names_;
  std::map<std::string, boost::json::object> works_;
  bool changed_ = true;
  Clock::time_point asked_;
  Clock::time_point drawn_;
};

}  // namespace wm::cli
