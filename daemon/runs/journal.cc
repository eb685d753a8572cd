#include "daemon/runs/journal.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
// The field's name says where an entry comes from, not the line of our code.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "daemon/system/thread.h"

namespace wm {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;
constexpr std::size_t kMostLine = std::size_t{16} << 10;
// The journal drops the lines of a service beyond 10,000 in 30 s: no stream of a run may use them
// up.
constexpr int kMostLines = 500;
constexpr Duration kWindow = 30s;

}  // namespace

bool writes_to_journal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status{};
  if (!stream || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

Journal::Journal() {
  auto thread = start_thread([this] { send_all(); });
  if (!thread) throw std::runtime_error("no thread can be started for the journal");
  thread_ = std::move(*thread);
}

Journal::~Journal() {
  {
    const std::scoped_lock lock(mutex_);
    over_ = true;
  }
  more_.notify_one();
  thread_.join();
}

void Journal::send(Entry entry) {
  {
    const std::scoped_lock lock(mutex_);
    if (bytes_ + entry.message.size() > kMostBytes) return;
    bytes_ += entry.message.size();
    entries_.push_back(std::move(entry));
  }
  more_.notify_one();
}

void Journal::send_all() {
  std::unique_lock lock(mutex_);
  for (;;) {
    more_.wait(lock, [this] { return over_ || !entries_.empty(); });
    if (entries_.empty()) return;
    const Entry entry = std::move(entries_.front());
    entries_.pop_front();
    bytes_ -= entry.message.size();
    lock.unlock();
    std::array<std::string, 5> fields{"SYSLOG_IDENTIFIER=wm", "WM_UNIQUE_NAME=" + entry.unique_name,
                                      "WM_RUN=" + std::to_string(entry.run),
                                      "PRIORITY=" + std::to_string(entry.priority),
                                      "MESSAGE=" + entry.message};
    std::array<iovec, fields.size()> parts{};
    for (std::size_t i = 0; i < fields.size(); ++i) {
      parts.at(i) = {fields.at(i).data(), fields.at(i).size()};
    }
    sd_journal_sendv(parts.data(), parts.size());
    lock.lock();
  }
}

void JournalLines::add(TimePoint time, std::string_view bytes) {
  begin_window(time);
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (cut_ || lines_ == kMostLines) {  // A flood is worth only a count.
      leave_out(end != std::string_view::npos);
      bytes.remove_prefix(std::min(end, bytes.size() - 1) + 1);
      continue;
    }
    const std::size_t length = std::min({end, bytes.size(), kMostLine - begun_.size()});
    begun_ += bytes.substr(0, length);
    const bool ended = length == end;
    bytes.remove_prefix(length + (ended ? 1 : 0));
    if (ended || begun_.size() == kMostLine) send(std::exchange(begun_, ""));
  }
}

// Each line counts once, at its first omitted part.
void JournalLines::leave_out(bool to_its_end) {
  if (!std::exchange(cut_, !to_its_end)) ++left_out_;
  begun_.clear();
}

void JournalLines::finish() {
  if (!begun_.empty()) send(std::exchange(begun_, ""));
  tell_left_out();
}

void JournalLines::begin_window(TimePoint now) {
  if (now >= window_ && now - window_ <= kWindow) return;
  tell_left_out();
  window_ = now;
  lines_ = 0;
}

void JournalLines::send(std::string line) {
  if (lines_ == kMostLines) {
    ++left_out_;
    return;
  }
  ++lines_;
  journal_({unique_name_, run_, priority_, std::move(line)});
}

void JournalLines::tell_left_out() {
  if (left_out_ == 0) return;
  journal_({unique_name_, run_, LOG_NOTICE,
            std::to_string(std::exchange(left_out_, 0)) +
                " more lines were left out here: see wm logs " + unique_name_});
}

}  // namespace wm
