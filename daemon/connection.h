// One client: reads a call, waits for its answer, writes it, and reads the next.
#pragma once

#include "daemon/server.h"

namespace wm {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Place = std::list<std::shared_ptr<Connection>>::iterator;

  Connection(Server& server, boost::asio::local::stream_protocol::socket socket);

  /// Where the server keeps it.
  void place(Place place) { place_ = place; }
  void start();
  /// In place of start(): tells the client why it is cut off.
  void refuse(const Error& why);

  /// Whether a call waits to be taken, or for its answer.
  bool busy() const { return exchange_ || untaken_; }
  bool has_call() const { return untaken_ && !closed_; }
  uid_t user() const { return peer_.uid; }

  /// Takes the call that waits.
  void take_call();

  /// Whether another program could go on with it: nothing is being written, or about to be.
  bool settled() const;
  /// For take_over() of the next program. It is the end of this one.
  boost::json::object hand_over(Handover& handover);
  static std::shared_ptr<Connection> take_over(Server& server,
                                               const boost::asio::any_io_executor& executor,
                                               const boost::json::object& handed);
  /// Looks again at what it waits for.
  void wake() { answered_.cancel(); }

  /// Ends everything it waits for; the server forgets it. Safe to call twice.
  void close();

 private:
  boost::asio::awaitable<void> serve();
  boost::asio::awaitable<bool> read_call();
  boost::asio::awaitable<std::optional<std::string>> read_message();
  boost::asio::awaitable<void> wait_for_news();
  boost::asio::awaitable<void> wait_for_room();
  /// Sets how much of its user's share it takes from now on.
  void use(const ClientUse& now);
  void hold_unread(std::size_t bytes) { use({use_.connections, bytes, use_.incoming}); }
  void hold_incoming(std::size_t bytes) { use({use_.connections, use_.unread, bytes}); }
  boost::asio::awaitable<bool> answer(const std::string& message);
  boost::asio::awaitable<bool> write(std::string_view message);
  void notice_hangup();
  /// The client is cut off unless progress_made() is called within `time` of the first call.
  void expect_progress(std::chrono::milliseconds time);
  void progress_made();

  Server& server_;
  boost::asio::local::stream_protocol::socket socket_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer answered_;  // Cancelled once the exchange has its answer.
  boost::system::error_code woken_;     // Why that wait ended: by a cancellation, always.
  Peer peer_;
  Place place_;
  ClientUse use_;  // None before start(), and once it is closed.
  std::string received_;
  std::size_t searched_ = 0;              // No byte 0 in `received_` before this.
  std::optional<varlink::Call> untaken_;  // Read, or handed over.
  bool untaken_was_handed_over_ = false;
  std::shared_ptr<Exchange> exchange_;
  bool writing_ = false;
  bool waits_for_page_ = false;
  bool hurried_ = false;
  bool hung_up_ = false;
  bool closed_ = false;
};

}  // namespace wm
