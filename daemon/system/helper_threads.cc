#include "daemon/system/helper_threads.h"

#include <exception>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "daemon/system/thread.h"

namespace wm {
namespace {

constexpr int kIdleThreads = 4;
constexpr std::chrono::seconds kTryAgain{1};

}  // namespace

HelperThreads::~HelperThreads() {
  const std::scoped_lock lock(pool_->mutex);
  pool_->loop = nullptr;
  pool_->more.notify_all();
}

void HelperThreads::work(const std::shared_ptr<Pool>& pool) {
  std::unique_lock lock(pool->mutex);
  while (pool->loop) {
    if (pool->jobs.empty()) {
      if (pool->idle >= kIdleThreads) return;
      ++pool->idle;
      pool->more.wait(lock, [&] { return !pool->jobs.empty() || !pool->loop; });
      --pool->idle;
      continue;
    }
    Job job = std::move(pool->jobs.front());
    pool->jobs.pop_front();
    lock.unlock();
    std::string problem;
    try {
      job.job();
    } catch (const std::exception& e) {
      problem = e.what();
    }
    job.job = nullptr;
    lock.lock();
    if (!pool->loop) return;
    boost::asio::post(*pool->loop, [over = std::move(job.over), problem] {
      if (!problem.empty()) spdlog::error("a helper failed: {}", problem);
      over();
    });
  }
}

void HelperThreads::enqueue(std::int64_t line, Task task) {
  auto& tasks = lines_[line];
  tasks.push_back(std::move(task));
  if (tasks.size() == 1) start_next(line);
}

void HelperThreads::start_next(std::int64_t line) {
  const std::scoped_lock lock(pool_->mutex);
  pool_->jobs.push_back({std::move(lines_[line].front().job), [this, line] { finish(line); }});
  if (std::cmp_greater_equal(pool_->idle, pool_->jobs.size())) return pool_->more.notify_one();
  add_thread();
}

void HelperThreads::finish(std::int64_t line) {
  auto& tasks = lines_[line];
  const std::function<void()> done = std::move(tasks.front().done);
  tasks.pop_front();
  if (tasks.empty()) {
    lines_.erase(line);
  } else {
    start_next(line);
  }
  done();
}

// If the machine has no thread to give, the existing ones do the work in time. Another one is tried
// for, because they may all hang.
void HelperThreads::add_thread() {
  if (auto thread = start_thread([pool = pool_] { work(pool); })) return thread->detach();
  spdlog::warn("no thread can be started: helpers wait for one");
  again_.expires_after(kTryAgain);
  again_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    const std::scoped_lock lock(pool_->mutex);
    if (!pool_->jobs.empty()) add_thread();
  });
}

}  // namespace wm
