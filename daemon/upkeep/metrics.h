// What a monitoring system asks of the daemon, in Prometheus' text format.
#pragma once

#include <array>
#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/probes/sensors.h"
#include "daemon/store/histogram.h"
#include "daemon/system/helper_threads.h"
#include "daemon/turn/work_manager.h"

namespace wm {

/// Counted since the program was started, as Prometheus expects of counters.
class Metrics {
 public:
  /// What a turn has committed and, in `took`, done.
  void observe(const TurnReport& report, std::chrono::duration<double> took);

  /// What else there is to tell, as it is now.
  struct Present {
    const Scheduler& scheduler;
    const Sensors& sensors;
    const Histogram& commits;  // How long the store's transactions took …
    const Histogram& syncs;    // … and its writing to the disk.
    TimePoint started_at{};
    std::size_t connections = 0;
    std::size_t refused_connections = 0;
    std::size_t unread_bytes = 0;
  };
  /// Costs time for each unfinished work.
  std::string text(const Present& present) const;

 private:
  std::array<std::uint64_t, Words<WorkStatus>::list.size()> events_{};
  std::array<std::uint64_t, Words<RunOutcome>::list.size()> runs_{};
  Histogram run_durations_;
  Histogram start_latencies_;
};

/// Keeps them in the file `metrics.textfile`, for node_exporter's textfile collector: written anew
/// once something has changed, at most every 15 s, and in one step for whoever reads it.
class MetricsFile {
 public:
  MetricsFile(boost::asio::io_context& loop, HelperThreads& helpers,
              std::function<std::string()> text)
      : helpers_(helpers), text_(std::move(text)), pause_(loop) {}

  /// Something has changed, and this is where it is to be written; "": nowhere.
  void touch(const std::string& path);

 private:
  void write();

  HelperThreads& helpers_;
  std::function<std::string()> text_;
  boost::asio::steady_timer pause_;
  std::string path_;
  std::string told_;       // The problem that the log tells of already.
  bool pausing_ = false;   // It was written less than 15 s ago …
  bool outdated_ = false;  // … and something has changed since.
};

}  // namespace wm
