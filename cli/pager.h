// Long output on a terminal goes through the user's pager, as that of git and systemctl does.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "core/error.h"

namespace wm::cli {

/// The pager's arguments: those of $WM_PAGER, else of $PAGER, else `less`; empty: none is wanted,
/// or the terminal cannot have one. A command with signs of the shell is one for `sh -c`.
std::vector<std::string> pager_command(const std::function<const char*(const char*)>& variable);

/// A pager that runs, and a stream into it. Only one at a time. While it runs, Ctrl-C is for it
/// alone. If it quits before everything is written, the program ends there, as a success: people
/// have seen enough.
class Pager {
 public:
  static Result<std::unique_ptr<Pager>> start(const std::vector<std::string>& command);
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;
  /// Waits until people have left it.
  ~Pager();

  std::ostream& out() { return out_; }

 private:
  class Pipe;

  Pager(int pipe, pid_t pid);

  std::unique_ptr<Pipe> pipe_;
  std::ostream out_;
};

}  // namespace wm::cli
