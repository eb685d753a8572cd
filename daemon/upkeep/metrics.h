// The daemon's metrics for a monitoring system, in Prometheus' text format.
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

/// Counters since the program was started, as Prometheus expects them.
class Metrics {
 public:
  /// Counts what a turn has committed and done, in the time `took`.
  void observe(const TurnReport& report, std::chrono::duration<double> took);

  /// Present values.
  struct Present {
    const Scheduler& scheduler;
    const Sensors& sensors;
    const Histogram& commits;  // The durations of the store's transactions.
    const Histogram& syncs;    // The durations of its syncs.
    TimePoint started_at{};
    std::size_t connections = 0;
    std::size_t refused_connections = 0;
    std::size_t unread_bytes = 0;
  };
  /// Takes time for each unfinished job.
  std::string text(const Present& present) const;

 private:
  std::array<std::uint64_t, Words<WorkStatus>::list.size()> events_{};
  std::array<std::uint64_t, Words<RunOutcome>::list.size()> runs_{};
  Histogram run_durations_;
  Histogram start_latencies_;
};

/// Keeps them in the file `metrics.textfile`, for node_exporter's textfile collector: replaced once
/// something has changed, at most every 15 s, and in one step for its readers.
class MetricsFile {
 public:
  MetricsFile(boost::asio::io_context& loop, HelperThreads& helpers,
              std::function<std::string()> text)
      : helpers_(helpers), text_(std::move(text)), pause_(loop) {}

  /// Something has changed; `path` is the file to write, "": none.
  void touch(const std::string& path);

 private:
  void write();

  HelperThreads& helpers_;
  std::function<std::string()> text_;
  boost::asio::steady_timer pause_;
  std::string path_;
  std::string told_;       // The problem that the log has reported already.
  bool pausing_ = false;   // It was written less than 15 s ago.
  bool outdated_ = false;  // Something has changed since it was written.
};

}  // namespace wm
