// A program on a terminal of its own, which the test reads and types on.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include "daemon/system/unique_fd.h"

namespace wm {

class Terminal {
 public:
  /// Runs the program on a terminal of that size. `variables` are added to the environment, in
  /// which the terminal speaks UTF-8, and pages nothing. It is killed at the end unless it has
  /// ended.
  Terminal(unsigned short columns, unsigned short rows, const std::vector<std::string>& command,
           const std::map<std::string, std::string>& variables = {});
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Waits until the text has appeared after what earlier calls have awaited; false: it ended
  /// before.
  bool await(const std::string& text);
  void type(const std::string& keys) const;
  void resize(unsigned short columns, unsigned short rows) const;
  void signal(int number) const;
  /// Waits for its end; returns the exit status, or 128 + the signal.
  int finish();
  /// Everything that it has printed so far, with plain ends of lines.
  std::string text() const;

 private:
  bool read_more();

  UniqueFd fd_;
  pid_t pid_ = -1;
  std::string read_;
  std::size_t seen_ = 0;
};

}  // namespace wm
