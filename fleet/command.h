// One verb of wm-fleet: its options and its call.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <CLI/App.hpp>

#include "cli/command.h"
#include "cli/render/style.h"
#include "cli/session.h"
#include "cli/streams.h"
#include "fleet/database/database.h"

namespace wm::fleet {

/// The global options, the streams, and the way to the database.
class Context {
 public:
  Context(bool json, std::string database, cli::Streams streams)
      : json_(json), conninfo_(std::move(database)), streams_(streams) {}

  bool json() const { return json_; }
  std::ostream& out() { return streams_.out; }
  std::ostream& err() { return streams_.err; }
  cli::Style style() const;

  /// The administrator's connection. nullptr: the error is printed, and `status` is the exit code.
  Database* database();
  int status() const { return status_; }

  /// Prints one line on the error stream; returns the exit status for the error.
  int complain(const Error& error);
  void hint(std::string_view text) { streams_.err << "wm-fleet: " << text << '\n'; }
  void print(const boost::json::value& document);

  /// Asks the fleet's database one question; nothing: the error is printed.
  std::optional<boost::json::value> ask(std::string sql,
                                        std::vector<std::optional<std::string>> parameters = {});

  /// Reads the documents of a query that may have very many; false: the error is printed.
  bool for_each(const std::string& sql, const std::function<void(const boost::json::value&)>& use);

  /// Begins a transaction that may change all work with these names, and all that files declare.
  /// False: the error is printed.
  bool begin_changes(const boost::json::array& names);

 private:
  /// Prints the error of the last question.
  void complain_about(Error error);

  bool json_;
  std::string conninfo_;
  cli::Streams streams_;
  std::unique_ptr<Database> database_;
  int status_ = cli::kDone;
};

struct Command {
  using Run = std::function<int(Context&)>;

  const char* group;
  const char* name;
  const char* summary;
  Run (*set_up)(CLI::App& app, const cli::CommandLine& line);
};

// These are in commands/.
Command::Run set_up_init(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_migrate(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_prune(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_enroll(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_revoke(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_label(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_drain(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_nodes(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_agent(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_status(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_register_oneoff(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_register_periodic(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_register_processing(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_apply(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_export(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_cancel(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_wait(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_list(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_show(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_why(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_history(CLI::App& app, const cli::CommandLine& line);
Command::Run set_up_logs(CLI::App& app, const cli::CommandLine& line);

/// Runs all of wm-fleet; returns the exit status.
int run(int argc, const char* const* argv, cli::Streams streams);

}  // namespace wm::fleet
