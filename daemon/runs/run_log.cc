#include "daemon/runs/run_log.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/system/clock.h"
#include "daemon/system/thread.h"

namespace wm {
namespace {

constexpr std::uint64_t kOver = ~std::uint64_t{0};
// The most per pipe; more output from a process that outlives its run is cut.
constexpr int kReadsAtEnd = 32;
// A short run is over before anybody needs to listen to it: its pipes hold the output.
constexpr std::chrono::milliseconds kListenAfter{20};
constexpr int kNiceness = 10;  // The loop and the runs come first.

std::uint64_t key_of(WorkId work, LogStream stream) {
  return static_cast<std::uint64_t>(work) << 1U | static_cast<std::uint64_t>(stream);
}

// The child blocks when its pipe is full; the daemon never does.
bool open_pipe(UniqueFd& ours, UniqueFd& theirs) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  ours.reset(ends[0]);
  theirs.reset(ends[1]);
  return ::fcntl(ours.get(), F_SETFL, O_NONBLOCK) == 0;
}

}  // namespace

bool open_pipes(LogReadEnds& ours, LogWriteEnds& theirs) {
  return open_pipe(ours.output, theirs.output) && open_pipe(ours.errors, theirs.errors);
}

struct RunLog::Log {
  Log(std::filesystem::path path, std::int64_t max_bytes) : file(std::move(path), max_bytes) {}

  UniqueFd& pipe(LogStream stream) {
    return stream == LogStream::output ? pipes.output : pipes.errors;
  }

  int run = 0;
  std::mutex mutex;  // Protects the members below.
  LogReadEnds pipes;
  LogFile file;
  std::vector<JournalLines> journal;  // One per stream; none: there is no journal.
  int problem = 0;                    // errno of the last failed write.
  std::atomic<bool> awaited = false;
};

RunLog::RunLog(boost::asio::io_context& loop, std::filesystem::path directory,
               const std::int64_t& max_bytes)
    : loop_(loop),
      directory_(std::move(directory)),
      max_bytes_(max_bytes),
      journal_(writes_to_journal() ? std::make_unique<Journal>() : nullptr),
      soon_(loop),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      over_(::eventfd(0, EFD_CLOEXEC)) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kOver}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, over_.get(), &event);
  auto thread = start_thread([this] {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNiceness);
    take_in_all();
  });
  if (!thread) throw std::runtime_error("no thread can be started for the logs of runs");
  thread_ = std::move(*thread);
}

RunLog::~RunLog() {
  const std::uint64_t one = 1;
  (void)!::write(over_.get(), &one, sizeof one);
  thread_.join();
}

std::filesystem::path RunLog::path_of(WorkId work, int run) const {
  return directory_ / (std::to_string(work) + '.' + std::to_string(run));
}

void RunLog::resume(const LoggedRun& run, LogReadEnds pipes) { add(run, std::move(pipes), true); }

void RunLog::add(const LoggedRun& run, LogReadEnds pipes, bool resumed) {
  const auto log = std::make_shared<Log>(path_of(run.work, run.number), max_bytes_);
  log->run = run.number;
  log->pipes = std::move(pipes);
  if (resumed) log->file.resume();
  if (journal_) {
    for (const int priority : {LOG_INFO, LOG_WARNING}) {
      log->journal.emplace_back([this](Journal::Entry entry) { journal_->send(std::move(entry)); },
                                run.unique_name, run.number, priority);
    }
  }
  {
    const std::scoped_lock lock(mutex_);
    logs_[run.work] = log;
  }
  new_.push_back({run.work, log, std::chrono::steady_clock::now() + kListenAfter});
  if (new_.size() == 1) listen_when_due();
}

void RunLog::listen_when_due() {
  soon_.expires_at(new_.front().due);
  soon_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) listen_to_due();
  });
}

void RunLog::listen_to_due() {
  const auto now = std::chrono::steady_clock::now();
  const auto is_due = [now](const NewLog& one) { return one.log.expired() || one.due <= now; };
  for (; !new_.empty() && is_due(new_.front()); new_.pop_front()) {
    if (const LogPtr log = new_.front().log.lock()) listen(new_.front().work, *log);
  }
  if (!new_.empty()) listen_when_due();
}

void RunLog::listen(WorkId work, Log& log) {
  const std::scoped_lock lock(log.mutex);
  for (const LogStream stream : {LogStream::output, LogStream::errors}) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = key_of(work, stream)}};
    if (const int pipe = log.pipe(stream).get(); pipe >= 0) {
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, pipe, &event);
    }
  }
}

RunLog::LogPtr RunLog::find(WorkId work) const {
  const std::scoped_lock lock(mutex_);
  const auto found = logs_.find(work);
  return found == logs_.end() ? nullptr : found->second;
}

std::pair<int, int> RunLog::pipes_of(WorkId work) const {
  const LogPtr log = find(work);
  if (!log) return {-1, -1};
  return {log->pipes.output.get(), log->pipes.errors.get()};
}

std::vector<std::unique_lock<std::mutex>> RunLog::hold() const {
  std::vector<LogPtr> logs;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [work, log] : logs_) logs.push_back(log);
  }
  std::vector<std::unique_lock<std::mutex>> locks;
  for (const LogPtr& log : logs) {
    locks.emplace_back(log->mutex);
    log->file.finish(wall_clock_now());  // The next program does not know what is missing.
  }
  return locks;
}

void RunLog::take_in_all() {
  std::array<epoll_event, 64> events{};
  for (;;) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t key = events.at(static_cast<std::size_t>(i)).data.u64;
      if (key == kOver) return;
      const auto work = static_cast<WorkId>(key >> 1U);
      if (const LogPtr log = find(work)) {
        const std::scoped_lock lock(log->mutex);
        if (take_in(*log, static_cast<LogStream>(key & 1U))) tell(work, *log);
      }
    }
  }
}

// Reads a pipe once. Returns false if it had nothing to read.
bool RunLog::take_in(Log& log, LogStream stream) {
  static thread_local std::array<char, std::size_t{64} << 10> buffer;
  UniqueFd& pipe = log.pipe(stream);
  if (!pipe) return false;
  const ssize_t length = ::read(pipe.get(), buffer.data(), buffer.size());
  if (length < 0 && errno == EINTR) return true;
  if (length == 0) pipe.reset();
  if (length <= 0) return false;
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(length));
  const TimePoint now = wall_clock_now();
  if (!log.file.append(stream, now, bytes)) log.problem = errno;
  if (!log.journal.empty()) log.journal[static_cast<std::size_t>(stream)].add(now, bytes);
  return true;
}

std::int64_t RunLog::finish(WorkId work) {
  const LogPtr log = find(work);
  if (!log) return 0;
  {
    const std::scoped_lock lock(mutex_);
    logs_.erase(work);
  }
  const std::scoped_lock lock(log->mutex);
  for (const LogStream stream : {LogStream::output, LogStream::errors}) {
    for (int reads = 0; reads < kReadsAtEnd && take_in(*log, stream); ++reads) {
    }
    log->pipe(stream).reset();
  }
  log->file.finish(wall_clock_now());
  tell(work, *log);
  for (JournalLines& lines : log->journal) lines.finish();
  if (log->problem != 0) {
    spdlog::error("part of the log of run {} of job {} could not be kept: {}", log->run, work,
                  std::strerror(log->problem));
  }
  return log->file.has_begun() ? size(work, log->run) : 0;
}

// Called from either thread.
void RunLog::tell(WorkId work, Log& log) {
  if (!log.awaited.exchange(false)) return;
  boost::asio::post(loop_, [this, work] {
    const auto waiting = waiting_.extract(work);
    if (waiting.empty()) return;
    for (const auto& more : waiting.mapped()) more();
  });
}

bool RunLog::on_more(WorkId work, int run, std::function<void()> more) {
  const LogPtr log = find(work);
  if (!log || log->run != run) return false;
  waiting_[work].push_back(std::move(more));
  log->awaited = true;
  return true;
}

}  // namespace wm
