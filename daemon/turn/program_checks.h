// Looks at the programs of commands beside the loop: a file system that does not answer must not
// stop the daemon, nor anybody else's call.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "daemon/system/helper_threads.h"
#include "daemon/turn/tasks.h"

namespace wm {

class ProgramChecks {
 public:
  /// One result per command, in their order; the last is for the one that has not answered.
  using Done = std::function<void(const std::vector<Result<>>&)>;
  using Check = std::function<Result<>(const UsersCommand&)>;

  ProgramChecks(boost::asio::io_context& loop, HelperThreads& helpers,
                std::chrono::milliseconds patience = std::chrono::seconds{2},
                Check check = check_executable)
      : loop_(loop), helpers_(helpers), patience_(patience), check_(std::move(check)) {}

  /// Looks at them for that user, and calls `done` on the loop, after `patience` at the latest. A
  /// command that has not answered by then is an error, and those after it are not looked at. A
  /// user who has several hanging looks is told so at once.
  void look(uid_t asker, std::vector<UsersCommand> commands, Done done);

 private:
  struct Answers;
  struct Look;

  void give_up(Look& look);

  boost::asio::io_context& loop_;
  HelperThreads& helpers_;
  std::chrono::milliseconds patience_;
  Check check_;
  std::int64_t looks_ = 0;
  std::map<uid_t, int> hanging_;  // Looks that took too long and have not returned.
};

}  // namespace wm
