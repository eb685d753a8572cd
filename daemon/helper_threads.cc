#include "daemon/helper_threads.h"

#include <thread>

namespace wm {

HelperThreads::~HelperThreads() {
  const std::scoped_lock lock(link_->mutex);
  link_->loop = nullptr;
}

void HelperThreads::enqueue(std::int64_t line, Task task) {
  auto& tasks = lines_[line];
  tasks.push_back(std::move(task));
  if (tasks.size() == 1) start_next(line);
}

void HelperThreads::start_next(std::int64_t line) {
  const auto finish = [this, line] {
    auto& tasks = lines_[line];
    const Task task = std::move(tasks.front());
    tasks.pop_front();
    if (tasks.empty()) {
      lines_.erase(line);
    } else {
      start_next(line);
    }
    task.done();
  };
  std::thread([link = link_, job = std::move(lines_[line].front().job), finish] {
    job();
    const std::scoped_lock lock(link->mutex);
    if (link->loop) boost::asio::post(*link->loop, finish);
  }).detach();
}

}  // namespace wm
