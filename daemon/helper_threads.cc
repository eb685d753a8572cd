#include "daemon/helper_threads.h"

#include <csignal>
#include <thread>

#include <boost/asio/post.hpp>

namespace wm {
namespace {

constexpr int kIdleThreads = 4;

}  // namespace

HelperThreads::~HelperThreads() {
  const std::scoped_lock lock(pool_->mutex);
  pool_->loop = nullptr;
  pool_->more.notify_all();
}

void HelperThreads::work(const std::shared_ptr<Pool>& pool) {
  std::unique_lock lock(pool->mutex);
  while (pool->loop) {
    if (pool->tasks.empty()) {
      if (pool->idle >= kIdleThreads) return;
      ++pool->idle;
      pool->more.wait(lock, [&] { return !pool->tasks.empty() || !pool->loop; });
      --pool->idle;
      continue;
    }
    const Task task = std::move(pool->tasks.front());
    pool->tasks.pop_front();
    lock.unlock();
    task.job();
    lock.lock();
    if (pool->loop) boost::asio::post(*pool->loop, task.done);
  }
}

void HelperThreads::enqueue(std::int64_t line, Task task) {
  auto& tasks = lines_[line];
  tasks.push_back(std::move(task));
  if (tasks.size() == 1) start_next(line);
}

void HelperThreads::start_next(std::int64_t line) {
  Task task = std::move(lines_[line].front());
  const auto finish = [this, line, done = std::move(task.done)] {
    auto& tasks = lines_[line];
    tasks.pop_front();
    if (tasks.empty()) {
      lines_.erase(line);
    } else {
      start_next(line);
    }
    done();
  };
  const std::scoped_lock lock(pool_->mutex);
  pool_->tasks.push_back({std::move(task.job), finish});
  if (std::cmp_greater_equal(pool_->idle, pool_->tasks.size())) return pool_->more.notify_one();
  // Signals are the loop's.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([pool = pool_] { work(pool); }).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace wm
