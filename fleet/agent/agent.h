// The agent beside a node's wmd: takes fleet work where the conditions hold, keeps its leases, and
// reports what has happened. It has no state of its own: all is in the two daemons' stores.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "fleet/agent/held_claims.h"
#include "fleet/agent/hint_pause.h"
#include "fleet/agent/node_daemon.h"
#include "fleet/agent/node_status.h"
#include "fleet/agent/retry_pause.h"
#include "fleet/agent/settings.h"
#include "fleet/database/connection.h"

namespace wm::fleet {

class Agent {
 public:
  Agent(boost::asio::io_context& loop, AgentSettings settings);

  /// Serves until stop(). Runs go on without the agent, for as long as their leases last.
  void start();
  void stop();
  /// Called once it has stopped.
  void on_stopped(std::function<void()> stopped) { stopped_ = std::move(stopped); }

 private:
  // `each` work in the daemon.
  struct Each {
    int generation = 0;
    std::string state;
    std::string missing;  // Why the node refuses it.
    bool told = false;
    boost::json::array waits = {};  // What the daemon waits for.
  };

  // In agent.cc.
  boost::asio::awaitable<void> serve();
  boost::asio::awaitable<void> turn();
  boost::asio::awaitable<void> sleep_until(Duration time);
  void wake();

  Duration next_time() const;
  Duration some_of(Duration most);
  void tell() const;
  boost::asio::awaitable<bool> meet_database();
  boost::asio::awaitable<std::optional<boost::json::object>> ask(std::string function,
                                                                 boost::json::object parameters);
  void lose_database(const std::string& state, const Error& error);

  // The node's wmd, in agent_daemon.cc.
  boost::asio::awaitable<bool> meet_daemon();
  boost::asio::awaitable<bool> recover();
  boost::asio::awaitable<bool> recover_runs();
  boost::asio::awaitable<void> follow_events();
  boost::asio::awaitable<void> follow_conditions();
  boost::asio::awaitable<void> look_at_conditions();
  boost::asio::awaitable<bool> holds(boost::json::object constraints, std::string time_zone);
  void take_event(const boost::json::object& event);
  void lose_daemon(const std::string& why);

  // Leases, in agent_leases.cc.
  boost::asio::awaitable<void> renew();
  boost::asio::awaitable<void> feed();
  boost::asio::awaitable<void> hand_back(std::vector<std::string> names);
  boost::asio::awaitable<void> drop_what_ended();

  // Work to take, in agent_work.cc.
  boost::asio::awaitable<void> ask_for_work();
  boost::asio::awaitable<bool> claim(boost::json::array offers);
  boost::asio::awaitable<void> hold(boost::json::array claims, Duration sent);
  boost::asio::awaitable<void> register_claim(std::string name);
  boost::asio::awaitable<Result<std::string>> register_here(WorkRequest request,
                                                            ExistingPolicy existing);
  boost::asio::awaitable<Result<std::string>> register_each(boost::json::object wanted,
                                                            int generation);
  boost::asio::awaitable<void> settle_each(boost::json::array wanted);
  boost::asio::awaitable<void> cancel(std::string name);
  int free_slots() const;
  Duration asks_at() const;

  // Reports, in agent_reports.cc.
  boost::asio::awaitable<void> report();
  boost::asio::awaitable<bool> gather();
  boost::asio::awaitable<boost::json::array> log_of(std::string name, boost::json::object run);
  boost::asio::awaitable<void> look_at_each();

  boost::asio::io_context& loop_;
  AgentSettings settings_;
  boost::asio::steady_timer timer_;
  std::mt19937_64 random_{std::random_device{}()};
  bool stopping_ = false;
  std::function<void()> stopped_;
  bool woken_ = false;

  std::unique_ptr<NodeDaemon> daemon_;      // For calls.
  std::unique_ptr<NodeDaemon> events_;      // For Watch.
  std::unique_ptr<NodeDaemon> conditions_;  // For Conditions.
  int following_ = 0;                       // Coroutines that read from the last two.
  RetryPause daemon_retry_{500ms, 10s};
  int slots_ = 0;
  bool recovered_ = false;
  bool conditions_changed_ = true;
  std::optional<boost::json::array> early_events_;  // While the list of jobs is on its way.

  std::unique_ptr<Connection> database_;
  RetryPause database_retry_{500ms, 30s};

  HeldClaims held_;
  std::vector<std::string> unwanted_;  // Jobs of claims that are not ours any more.
  // By the name of the work.
  std::map<std::string, Each> each_;
  Origins origins_;
  std::map<std::string, TimePoint> runs_;   // The starts of runs in progress.
  std::map<std::string, TimePoint> dirty_;  // Work with runs to report that began then.
  boost::json::array unreported_runs_;
  boost::json::array unreported_ends_;
  boost::json::array unreported_refusals_;
  // Somebody has ended claims, which may be ours; they are looked at then.
  std::optional<Duration> closed_at_;
  HintPause closed_pause_;
  std::set<std::string> ended_;  // Claims that end with this report.
  std::optional<TimePoint> cursor_;
  bool each_changed_ = true;

  Needs holds_ = 0;
  std::vector<std::string> wanted_custom_;
  std::vector<std::string> custom_;
  boost::json::object values_;
  std::int64_t seen_ = 0;
  Duration ask_at_{};
  HintPause ask_pause_;
  std::int64_t nodes_ = 1;  // Of the fleet.
  bool hints_come_ = false;
  Duration each_at_{};
  NodeStatus status_;
};

}  // namespace wm::fleet
