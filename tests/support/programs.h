// The real programs, in a separate directory.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <sys/types.h>

#include "daemon/system/unique_fd.h"
#include "tests/support/temporary_directory.h"

namespace wm {

struct Output {
  int status = -1;  // The exit status; 128 + the signal.
  std::string out;
  std::string err;
};

/// Runs a program to its end. `variables` are added to the environment.
Output run_program(const std::vector<std::string>& command,
                   const std::map<std::string, std::string>& variables = {},
                   const std::string& input = "");

/// A program that runs beside the test. It is killed at the end unless it has ended before.
class RunningProgram {
 public:
  explicit RunningProgram(const std::vector<std::string>& command,
                          const std::map<std::string, std::string>& variables = {});
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  /// Waits for the next line on its standard output, or on its standard error. Empty: there is
  /// none.
  std::string line() { return next_line(out_.get(), read_.out); }
  std::string error_line() { return next_line(err_.get(), read_.err); }
  void signal(int number) const;
  /// True if it waits for something other than the processor or a disk.
  bool sleeps() const;
  /// Waits for its end; returns the rest of its output.
  Output finish();

 private:
  static std::string next_line(int fd, std::string& read);

  UniqueFd out_;
  UniqueFd err_;
  Output read_;
  pid_t pid_ = -1;
};

/// A raw connection to a daemon's socket, for messages that no honest client would send.
class RawConnection {
 public:
  explicit RawConnection(const std::string& socket);

  /// False: the daemon has hung up.
  bool send(std::string_view bytes);
  /// The next message without its end; nothing once the daemon has hung up.
  std::optional<std::string> receive();
  /// Calls a method, and waits for the reply or the error.
  boost::json::object call(std::string_view method, boost::json::object parameters = {});
  /// Calls a method whose answer goes on; next() waits for the parameters of the next reply.
  void call_for_more(std::string_view method, boost::json::object parameters = {});
  boost::json::object next();

 private:
  UniqueFd fd_;
  std::string received_;
};

/// A real wmd on a temporary directory. It is killed at the end, with its runs.
class TestDaemon {
 public:
  explicit TestDaemon(const std::string& configuration = kConfiguration);
  ~TestDaemon();
  TestDaemon(const TestDaemon&) = delete;
  TestDaemon& operator=(const TestDaemon&) = delete;

  /// Returns once it serves. `options` are added to the socket, the state directory and the file.
  void start(const std::vector<std::string>& options = {});
  /// Sends SIGTERM; returns the exit status.
  int stop();
  /// Waits for its end; returns the exit status.
  int reap();
  /// Sends SIGKILL.
  void kill();
  void signal(int number) const;

  Output wm(std::vector<std::string> arguments, const std::string& input = "") const;
  /// Starts it beside the test.
  std::unique_ptr<RunningProgram> start_wm(
      std::vector<std::string> arguments,
      const std::map<std::string, std::string>& variables = {}) const;
  /// Returns what `wm … --json` prints.
  boost::json::value json(std::vector<std::string> arguments) const;
  void configure(const std::string& toml) const;
  /// Uses this program as wmd from the next start() on.
  void set_program(const std::string& program) { program_ = program; }

  const std::filesystem::path& path() const { return directory_.path(); }
  std::string socket() const { return (path() / "wm.sock").string(); }
  pid_t pid() const { return pid_; }

  static constexpr const char* kConfiguration = R"(
[limits]
min_period = "1ms"
min_flex = "1ms"
min_backoff = "1ms"
)";

 private:
  TemporaryDirectory directory_;
  std::string program_ = WMD_PROGRAM;
  pid_t pid_ = -1;
};

}  // namespace wm
