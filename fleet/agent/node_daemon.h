// A connection of the agent to the node's own wmd, on the loop: one call at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <sys/types.h>

#include "core/error.h"
#include "core/time.h"

namespace wm::fleet {

class NodeDaemon {
 public:
  /// All calls are on behalf of `owner`, if there is one: only root may.
  static boost::asio::awaitable<Result<std::unique_ptr<NodeDaemon>>> connect(
      std::string socket, std::optional<uid_t> owner);

  /// The reply's parameters, or the daemon's error. unreachable: the connection is gone.
  boost::asio::awaitable<Result<boost::json::object>> call(std::string_view method,
                                                           boost::json::object parameters);
  /// The items under `key` of an answer in pages.
  boost::asio::awaitable<Result<boost::json::array>> collect(std::string_view method,
                                                             boost::json::object parameters,
                                                             std::string_view key);
  /// An answer that goes on, until `on_reply` returns false.
  using OnReply = std::function<bool(const boost::json::object&)>;
  boost::asio::awaitable<Result<>> stream(std::string_view method, boost::json::object parameters,
                                          OnReply on_reply);

  bool alive() const { return alive_; }
  void close();

 private:
  using Socket = boost::asio::local::stream_protocol::socket;

  NodeDaemon(Socket socket, std::optional<uid_t> owner)
      : socket_(std::move(socket)), owner_(owner) {}

  boost::asio::awaitable<Result<>> send(std::string_view method, boost::json::object parameters,
                                        bool more);
  boost::asio::awaitable<Result<boost::json::object>> receive();

  Socket socket_;
  std::optional<uid_t> owner_;
  std::string received_;
  bool alive_ = true;
};

}  // namespace wm::fleet
