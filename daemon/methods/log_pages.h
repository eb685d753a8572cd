// A run's log in pages: both streams in the order in which they were printed, or one of them.
#pragma once

#include <cstdint>
#include <optional>

#include "core/work.h"
#include "daemon/runs/run_log.h"
#include "daemon/wire/server.h"

namespace wm {

class LogPages {
 public:
  /// Without `stream`: both. `before`: the run after which the first one is to come, while there is
  /// none yet.
  LogPages(RunLog& log, std::optional<LogStream> stream, const RunInfo& run, int before)
      : log_(log), stream_(stream), reader_(log.read(run.work, run.run)), before_(before) {
    begin(run);
  }

  WorkId work() const { return work_; }
  int run() const { return run_; }
  /// The run after which the next one is to come.
  int last() const { return run_ > 0 ? run_ : before_; }
  /// True if the last page had anything.
  bool has_news() const { return has_news_; }

  /// Goes on with another run.
  void begin(const RunInfo& run);

  /// True if it is this run, which has failed without a word since its pages began.
  bool is_silent_failure(const RunInfo& run) const;
  /// A page that says so.
  Exchange::Page tell_end(const RunInfo& run);

  // Set and get the place where reading goes on: see LogReader.
  void skip_to(std::int64_t position) { reader_.skip_to(position); }
  std::int64_t position() const { return reader_.position(); }

  /// `more`: this is not the last page, even if it reaches the end of the log.
  Exchange::Page next(bool more);

 private:
  RunLog& log_;
  std::optional<LogStream> stream_;
  LogReader reader_;
  WorkId work_ = 0;
  int before_ = 0;
  int run_ = 0;
  boost::json::object record_;  // The run's, until its first page has told it.
  std::int64_t dropped_ = 0;
  bool removed_ = false;  // The log has made room for others.
  bool has_news_ = false;
  bool end_told_ = false;
};

}  // namespace wm
