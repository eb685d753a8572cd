// Clients of a simulated machine: real Methods in real turns, each call without a socket.
#pragma once

#include <filesystem>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "daemon/turns.h"
#include "tests/support/world.h"

namespace wm {

/// One call, and what has been answered so far.
class SimulatedCall {
 public:
  explicit SimulatedCall(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

  bool answered() const { return exchange_->message().has_value(); }
  /// `io.wm.Scheduler.…`; empty: it was no error, or there is no answer.
  std::string error() const;
  /// The answer's parameters.
  boost::json::object parameters() const;
  const std::shared_ptr<Exchange>& exchange() const { return exchange_; }

 private:
  boost::json::object message() const;

  std::shared_ptr<Exchange> exchange_;
};

class Clients {
 public:
  /// From here on the world's turns are those of a daemon with clients.
  explicit Clients(World& world);
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  /// Calls a method of io.wm.Scheduler; the next turn decides it.
  SimulatedCall call(uid_t user, std::string_view method, boost::json::object parameters);

  /// Runs the turn that decides all calls since the last one, and those that follow from it.
  void turn() { world_.take_turns(); }

 private:
  void start();

  World& world_;
  std::filesystem::path directory_;
  boost::asio::io_context loop_;
  HelperThreads helpers_{loop_};
  PathWatches paths_{loop_, helpers_, world_.settings.limits, [](WorkId) {}};
  RunLog log_;
  Sensors sensors_;
  std::unique_ptr<Methods> methods_;
  std::unique_ptr<Turns> turns_;
};

}  // namespace wm
