// A real PostgreSQL in a temporary directory, and nodes with a real wmd and agent each.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "fleet/database/database.h"
#include "tests/support/programs.h"

namespace wm::fleet {

class TestDatabase {
 public:
  /// Makes a cluster with a fleet, unless `empty`.
  explicit TestDatabase(bool empty = false);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  /// False: PostgreSQL is not installed.
  static bool is_installed();

  void start();
  /// As after a loss of power (SIGQUIT), or as it should be.
  void stop(bool at_once);
  bool runs() const { return pid_ > 0; }
  /// Adds lines to its configuration; takes effect at the next start().
  void configure(const std::string& lines);

  /// Listens on port() of localhost, too, with that key: with a certificate a role needs no
  /// password.
  void serve_with_tls(const std::string& certificate, const std::string& key,
                      const std::string& authority);
  int port() const { return port_; }

  /// Runs wm-fleet as the administrator.
  Output wm_fleet(std::vector<std::string> arguments) const;
  boost::json::value json(std::vector<std::string> arguments) const;
  /// One value, as text, asked by the administrator.
  std::string value(const std::string& sql);
  /// Enrolls it; returns the connection string.
  std::string enroll(const std::string& node, const std::vector<std::string>& labels = {}) const;
  std::string address() const;
  const std::filesystem::path& path() const { return directory_.path(); }

 private:
  std::string port_text() const;

  TemporaryDirectory directory_;
  pid_t pid_ = -1;
  int port_ = 0;
  std::unique_ptr<Database> admin_;
};

/// PgBouncer in transaction mode before that database, for all nodes that are enrolled by now.
class TestPool {
 public:
  explicit TestPool(TestDatabase& fleet, int most_clients = 100);

  /// False: PgBouncer is not installed.
  static bool is_installed();
  /// `host=… port=… dbname=…`
  std::string address() const;

 private:
  std::string directory_;
  int port_ = 0;
  std::unique_ptr<RunningProgram> program_;
};

/// A node as it could be written by anybody: it calls the functions with what it likes.
class NodeCaller {
 public:
  explicit NodeCaller(const std::string& conninfo);

  /// The function's answer; the error's text under `error`.
  boost::json::object call(const std::string& function, const boost::json::object& parameters);
  /// The error of a statement; empty: it was done.
  std::string error_of(const std::string& sql);

  /// The pieces offered to a node on which everything holds.
  boost::json::array offers();
  /// Takes that many of them; returns the claims.
  boost::json::array claim(int want = 1);

 private:
  std::unique_ptr<Database> database_;
};

/// A machine of the fleet.
class TestNode {
 public:
  TestNode(TestDatabase& fleet, const std::string& name,
           const std::vector<std::string>& labels = {}, const std::string& more = "");

  /// Its agent goes that way to the database, instead of the way given by enroll.
  void use_database(const std::string& address);
  /// Calls itself what the other one is.
  void copy_configuration(const TestNode& other);
  void start();
  void start_agent();
  void kill_agent();
  void signal_agent(int number) { agent_->signal(number); }
  /// The machine loses power: the agent, wmd and its runs end at once.
  void kill();
  TestDaemon& daemon() const { return *daemon_; }
  boost::json::object status() const;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::unique_ptr<TestDaemon> daemon_;
  std::unique_ptr<RunningProgram> agent_;
};

}  // namespace wm::fleet
