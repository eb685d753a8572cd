// One client: reads calls, waits for their answers, writes them in the same order, and reads the
// next.
#pragma once

#include <algorithm>
#include <deque>

#include "daemon/wire/server.h"

namespace wm {

/// The share of a turn that a user or a connection may take, or has taken.
struct TurnShare {
  std::size_t calls = 0;
  std::size_t bytes = 0;  // The size of the calls.
  std::size_t room = 0;   // The rough size of their answers.

  bool used_up() const { return calls == 0 || bytes == 0 || room == 0; }
  /// The last call that is taken may exceed it.
  TurnShare less(const TurnShare& taken) const {
    return {calls - std::min(calls, taken.calls), bytes - std::min(bytes, taken.bytes),
            room - std::min(room, taken.room)};
  }
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Place = std::list<std::shared_ptr<Connection>>::iterator;

  Connection(Server& server, boost::asio::local::stream_protocol::socket socket);

  /// Sets the place where the server keeps it.
  void place(Place place) { place_ = place; }
  void start();
  /// Used instead of start(): tells the client why it is cut off.
  void refuse(const Error& why);

  /// True if a call waits to be taken, or for its answer.
  bool busy() const { return !exchanges_.empty() || !untaken_.empty(); }
  bool has_call() const { return !untaken_.empty() && !closed_; }
  uid_t user() const { return peer_.uid; }

  /// Takes the first waiting call, and those behind it that may be taken together with it within
  /// `most`. Returns their share.
  TurnShare take_calls(const TurnShare& most);
  /// The next page of its answer may be made.
  void let_page_go_on();

  /// True if another program could go on with it: nothing is being written, or about to be.
  bool can_hand_over() const;
  /// Returns the state for take_over() of the next program. It is the end of this connection.
  boost::json::object hand_over(Handover& handover);
  static std::shared_ptr<Connection> take_over(Server& server,
                                               const boost::asio::any_io_executor& executor,
                                               const boost::json::object& handed);
  /// Makes it look again at what it waits for.
  void wake() { answered_.cancel(); }

  /// Ends everything that it waits for; the server forgets it. Safe to call twice.
  void close();

 private:
  enum class Received : std::uint8_t { some, nothing_yet, no_room, end };

  boost::asio::awaitable<void> serve();
  boost::asio::awaitable<bool> read_call();
  void read_ahead();
  boost::asio::awaitable<std::optional<std::string>> read_message();
  /// The next complete message that is already here.
  std::optional<std::string> next_message();
  bool is_too_large() const;
  Received receive();
  std::size_t untaken_bytes() const { return received_.size() - read_ + ahead_; }
  boost::asio::awaitable<void> wait_for_news();
  boost::asio::awaitable<void> wait_for_room();
  boost::asio::awaitable<void> wait_for_turn();
  /// Sets its share of its user's resources from now on.
  void use(const ClientUse& now);
  void hold_incoming(std::size_t bytes);
  /// Changes the count of unread bytes of answers.
  void hold_unread(std::size_t more, std::size_t less = 0);
  void count_kept();
  std::shared_ptr<Exchange> new_exchange(varlink::Call call);
  void take_news(Exchange& exchange);
  void end_first();
  boost::asio::awaitable<bool> answer();
  boost::asio::awaitable<bool> send_pages(const std::shared_ptr<Exchange>& exchange);
  /// `counted` bytes of it count as unread already.
  boost::asio::awaitable<bool> write(std::string_view message, std::size_t counted = 0);
  void notice_hangup();
  /// Cuts the client off unless progress_made() is called within `time` of the first call.
  void expect_progress(std::chrono::milliseconds time);
  void progress_made();

  Server& server_;
  boost::asio::local::stream_protocol::socket socket_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer answered_;  // Cancelled once the exchange has its answer.
  boost::system::error_code woken_;     // The end of that wait: always a cancellation.
  Peer peer_;
  Place place_;
  ClientUse use_;  // Zero before start(), and once it is closed.
  std::string received_;
  std::size_t read_ = 0;               // The bytes already taken out.
  std::size_t searched_ = 0;           // The bytes known to contain no byte 0.
  std::deque<varlink::Call> untaken_;  // Read, or handed over.
  std::size_t ahead_ = 0;              // Their size in bytes.
  bool first_was_handed_over_ = false;
  std::deque<std::shared_ptr<Exchange>> exchanges_;  // Taken; they are answered in this order.
  std::shared_ptr<std::shared_ptr<Kept>> kept_ = std::make_shared<std::shared_ptr<Kept>>();
  bool writing_ = false;
  bool waits_for_page_ = false;
  bool waits_for_turn_ = false;
  bool hurried_ = false;
  bool hung_up_ = false;
  bool closed_ = false;
};

}  // namespace wm
