// Passes the output of runs to the system's journal, too: one entry per line, with WM_UNIQUE_NAME=
// and WM_RUN=.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "core/time.h"

namespace wm {

/// True if standard error is a stream of the journal: $JOURNAL_STREAM names its device and inode
/// (systemd.exec(5)). A process inherits such a stream from its parent.
bool writes_to_journal();

/// Sends entries on a separate thread, because the journal may not answer. Entries that come faster
/// than it takes them are dropped: all of them are in the run's log.
class Journal {
 public:
  Journal();
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  struct Entry {
    std::string unique_name;
    int run = 0;
    int priority = 0;  // The numbers of syslog(3).
    std::string message;
  };
  /// Never blocks.
  void send(Entry entry);

 private:
  void send_all();

  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
  bool over_ = false;
  std::thread thread_;
};

/// The lines of one stream of a run. Only one thread at a time may use it.
class JournalLines {
 public:
  using Send = std::function<void(Journal::Entry)>;

  JournalLines(Send send, std::string unique_name, int run, int priority)
      : journal_(std::move(send)),
        unique_name_(std::move(unique_name)),
        run_(run),
        priority_(priority) {}

  void add(TimePoint time, std::string_view bytes);
  /// The run is over: an unfinished line is a line, too.
  void finish();

 private:
  void begin_window(TimePoint now);
  void leave_out(bool to_its_end);
  void send(std::string line);
  void tell_left_out();

  Send journal_;
  std::string unique_name_;
  int run_;
  int priority_;
  std::string begun_;   // A line that has not ended.
  bool cut_ = false;    // The next bytes continue a line that is left out.
  TimePoint window_{};  // The beginning of the window.
  int lines_ = 0;       // The lines sent in it.
  int left_out_ = 0;    // The lines left out of it.
};

}  // namespace wm
