// The output of the runs. A separate thread takes it in, so that a flood slows neither the daemon
// nor other runs.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/work.h"
#include "daemon/runs/journal.h"
#include "daemon/runs/log_file.h"

namespace wm {

/// A child's ends of a run's pipes.
struct LogWriteEnds {
  UniqueFd output;
  UniqueFd errors;
};

/// The daemon's ends of a run's pipes.
struct LogReadEnds {
  UniqueFd output;
  UniqueFd errors;
};

/// Makes the pipes of a run. False, with errno set: they cannot be made.
bool open_pipes(LogReadEnds& ours, LogWriteEnds& theirs);

struct LoggedRun {
  WorkId work = 0;
  int number = 0;
  std::string unique_name;  // Its name in the journal.
};

class RunLog {
 public:
  /// Keeps its files in the existing `directory`, at most `max_bytes` per run.
  RunLog(boost::asio::io_context& loop, std::filesystem::path directory,
         const std::int64_t& max_bytes);
  ~RunLog();
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  /// Takes in the output of the run, until finish().
  void begin(const LoggedRun& run, LogReadEnds pipes) { add(run, std::move(pipes), false); }

  /// Goes on with a run that an earlier program in this process has started.
  void resume(const LoggedRun& run, LogReadEnds pipes);

  /// The daemon's ends, which it keeps; -1: closed. Call only while hold() holds.
  std::pair<int, int> pipes_of(WorkId work) const;

  /// No output of runs is taken in while these are held.
  std::vector<std::unique_lock<std::mutex>> hold() const;

  /// The run is over: keeps its output until now, and reads no more. Returns the bytes that its log
  /// takes on disk.
  std::int64_t finish(WorkId work);

  void remove(WorkId work, int run) const { LogFile::remove(path_of(work, run)); }
  std::int64_t size(WorkId work, int run) const { return LogFile::size(path_of(work, run)); }
  const std::filesystem::path& directory() const { return directory_; }
  LogReader read(WorkId work, int run) const { return LogReader(path_of(work, run)); }

  /// Calls `more`, once, when that run has printed something or is over; read() again after this
  /// call, too. False: it is over already.
  bool on_more(WorkId work, int run, std::function<void()> more);

 private:
  struct Log;
  using LogPtr = std::shared_ptr<Log>;
  struct NewLog {
    WorkId work = 0;
    std::weak_ptr<Log> log;
    std::chrono::steady_clock::time_point due{};  // It must be listened to from then on.
  };

  std::filesystem::path path_of(WorkId work, int run) const;
  void add(const LoggedRun& run, LogReadEnds pipes, bool resumed);
  void listen_when_due();
  void listen_to_due();
  void listen(WorkId work, Log& log);
  LogPtr find(WorkId work) const;
  void take_in_all();
  static bool take_in(Log& log, LogStream stream);
  void tell(WorkId work, Log& log);

  boost::asio::io_context& loop_;
  std::filesystem::path directory_;
  const std::int64_t& max_bytes_;
  std::unique_ptr<Journal> journal_;  // Set if the daemon writes to the journal.
  boost::asio::steady_timer soon_;
  std::deque<NewLog> new_;  // Nobody listens to these yet.
  UniqueFd epoll_;
  UniqueFd over_;
  mutable std::mutex mutex_;
  std::unordered_map<WorkId, LogPtr> logs_;  // The logs of runs in progress.
  // Used only by the loop.
  std::unordered_map<WorkId, std::vector<std::function<void()>>> waiting_;
  std::thread thread_;
};

}  // namespace wm
