// Prints a log as it arrives: what a run printed on standard error goes there, too.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include <boost/json.hpp>

#include "cli/log_lines.h"
#include "cli/render/terminal_text.h"
#include "cli/session.h"

namespace wm::cli {

struct LogForm {
  std::string name;
  std::string stream;  // `stdout`, `stderr` or `both`, for JSON.
  bool times = false;  // A time before each line.
  bool follow = false;
  int lines = 0;  // Only the last lines of what is there already; 0: all.
};

class LogPrinter {
 public:
  LogPrinter(Session& session, LogForm form);

  /// Changes the question, so that the next daemon is asked only for the part not printed yet.
  void go_on(boost::json::object& parameters) const;
  bool heard() const { return heard_; }

  void print(const boost::json::object& page);
  /// Writes what is left over, or the document of a log that is not followed.
  void finish();

 private:
  // One of the two streams, as far as it is printed.
  struct Stream {
    bool terminal = false;
    bool at_line_start = true;
    TerminalText text;
    std::string time;  // The time of the last text.
  };

  Stream& stream_of(bool errors) { return streams_.at(errors ? 1 : 0); }
  std::ostream& out(bool errors) { return errors ? session_.err() : session_.out(); }

  boost::json::object head() const;
  void begin_run(const boost::json::object& page);
  void note_removed(bool removed);
  void note_dropped(std::int64_t dropped);
  void note_missing(std::int64_t missing);
  void print_held();
  void print(const LogText& text);
  void write(bool errors, const std::string& text);
  void flush(bool errors);
  void end_lines();

  Session& session_;
  LogForm form_;
  std::array<Stream, 2> streams_;
  std::optional<LastLines> held_;  // What is there already, until its last lines are known.
  bool heard_ = false;
  std::int64_t run_ = 0;
  std::int64_t printed_ = 0;  // Bytes of that run so far, on both streams.
  bool removed_ = false;
  std::int64_t dropped_ = 0;
  std::int64_t missing_ = 0;
  std::string all_;
};

}  // namespace wm::cli
