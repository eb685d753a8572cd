// The way between nodes and the database, as a network that can fail: it holds what is sent in one
// direction or both without closing anything, or cuts all connections.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "tests/fleet/test_fleet.h"

namespace wm::fleet {

class TestNetwork {
 public:
  enum class Way { to_database, to_node, both };

  explicit TestNetwork(const TestDatabase& fleet);
  ~TestNetwork();
  TestNetwork(const TestNetwork&) = delete;
  TestNetwork& operator=(const TestNetwork&) = delete;

  /// `host=… port=… dbname=…`
  std::string address() const;

  /// From the return on, nothing that way arrives, and no end of a connection either.
  void stall(Way way = Way::both);
  /// The next statement with that text still arrives; from then on nothing comes back.
  void lose_answer_to(const std::string& text);
  /// Ends all connections, and each new one at once.
  void cut();
  /// What was held arrives now, in its order.
  void go_on();

 private:
  using Node = boost::asio::ip::tcp::socket;
  using Server = boost::asio::local::stream_protocol::socket;

  struct Link {
    Link(Node from, Server to) : node(std::move(from)), server(std::move(to)) {}

    /// `reset`: as a machine does that knows of no such connection.
    void close(bool reset);

    Node node;
    Server server;
  };

  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> connect(Node node);
  template <class From, class To>
  boost::asio::awaitable<void> carry(std::shared_ptr<Link> link, From Link::* from, To Link::* to,
                                     Way way);
  boost::asio::awaitable<void> pass(Way way);
  template <class Change>
  void change(Change what);

  boost::asio::io_context loop_;
  boost::asio::ip::tcp::acceptor acceptor_;
  const int port_;
  boost::asio::steady_timer changed_;  // Cancelled at each change.
  boost::asio::local::stream_protocol::endpoint database_;
  bool to_database_ = true;  // It is open.
  bool to_node_ = true;
  bool cut_ = false;
  std::string lost_;  // Not empty: see lose_answer_to().
  std::vector<std::weak_ptr<Link>> links_;
  std::jthread thread_;
};

}  // namespace wm::fleet
