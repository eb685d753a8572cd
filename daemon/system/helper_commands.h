// Short commands of the configuration: custom conditions, and the notify command.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/time.h"
#include "daemon/system/child.h"
#include "daemon/system/session_variables.h"
#include "daemon/system/unique_fd.h"

namespace wm {

struct HelperCommand {
  std::vector<std::string> arguments;  // The first is an absolute path.
  std::string input;                   // Its standard input.
  Duration time_limit{};               // It is killed after this time.
};

struct HelperEnd {
  bool success = false;  // Exit status 0.
  std::string detail;  // `exit 1: no route to host`: with the first line that it printed on stderr.
};

class HelperCommands {
 public:
  using OnEnd = std::function<void(const HelperEnd&)>;

  /// A command in progress. Destroying it kills the command, and then nobody is told.
  class Run : public std::enable_shared_from_this<Run> {
   public:
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

   private:
    friend class HelperCommands;

    Run(HelperCommands& commands, Duration time_limit, OnEnd on_end);
    void kill() const;
    void after(Duration time, void (Run::*then)());
    void tell(const HelperEnd& end);
    void give_up();
    void tell_problem() { tell({false, problem_}); }

    HelperCommands& commands_;
    Duration time_limit_;
    OnEnd on_end_;
    boost::asio::steady_timer timer_;
    UniqueFd errors_;
    std::unique_ptr<Child> child_;
    std::string problem_;  // The reason why there is no child.
    bool timed_out_ = false;
  };

  explicit HelperCommands(boost::asio::io_context& loop) : loop_(loop) {}

  /// From now on they find that session too, in its last known form.
  void set_session(const SessionVariables* session) { session_ = session; }

  /// Runs it as the daemon's user. `on_end` is not called from within this function, and may end
  /// the Run.
  std::shared_ptr<Run> start(HelperCommand command, OnEnd on_end);

  /// Any child of the daemon has ended.
  bool has_child(pid_t pid) const { return children_.contains(pid); }
  void child_ended(pid_t pid, int status);

 private:
  boost::asio::io_context& loop_;
  const SessionVariables* session_ = nullptr;
  std::map<pid_t, Run*> children_;  // nullptr: killed, and nobody waits for it.
};

}  // namespace wm
