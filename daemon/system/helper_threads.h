// Does slow work off the loop: a file system that does not answer, or a program that is slow to
// start, must not stop the daemon.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace wm {

class HelperThreads {
 public:
  /// The lines of jobs that belong to no user. Other lines are the ids of users.
  enum Line : std::int64_t {
    disk_space = -1,
    removals = -2,
    flushes = -3,
    leftovers = -4,
    metrics = -5,
  };

  explicit HelperThreads(boost::asio::io_context& loop)
      : pool_(std::make_shared<Pool>(&loop)), again_(loop) {}
  ~HelperThreads();
  HelperThreads(const HelperThreads&) = delete;
  HelperThreads& operator=(const HelperThreads&) = delete;

  /// Does `job` on a thread, then calls `done` on the loop with its result, unless this object is
  /// gone by then. A job that throws has returned a default value. The jobs of one `line` are done
  /// one after the other, so that one that hangs holds up only its own line.
  template <class Job, class Done>
  void run(std::int64_t line, Job job, Done done) {
    using Outcome = decltype(job());
    const auto outcome = std::make_shared<Outcome>();
    enqueue(line, {[outcome, job = std::move(job)] { *outcome = job(); },
                   [outcome, done = std::move(done)] { done(std::move(*outcome)); }});
  }

 private:
  struct Task {
    std::function<void()> job;
    std::function<void()> done;
  };

  /// This part goes to a thread. The rest stays here, with the loop that it belongs to.
  struct Job {
    std::function<void()> job;
    std::function<void()> over;  // Called on the loop.
  };

  /// A thread may outlive everything except this. Threads are made when all others are busy, and a
  /// few are kept.
  struct Pool {
    explicit Pool(boost::asio::io_context* context) : loop(context) {}
    std::mutex mutex;
    std::condition_variable more;
    std::deque<Job> jobs;
    int idle = 0;
    boost::asio::io_context* loop;  // nullptr: it is gone.
  };

  static void work(const std::shared_ptr<Pool>& pool);
  void enqueue(std::int64_t line, Task task);
  void start_next(std::int64_t line);
  void finish(std::int64_t line);
  void add_thread();

  std::shared_ptr<Pool> pool_;
  boost::asio::steady_timer again_;
  std::map<std::int64_t, std::deque<Task>> lines_;  // The first of each line is in progress.
};

}  // namespace wm
