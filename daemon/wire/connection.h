// One client: reads calls, waits for their answers, writes them in the same order, and reads the
// next.
#pragma once

#include <algorithm>
#include <deque>

#include "daemon/wire/server.h"

namespace wm {

/// What a turn may take of a user, or of a connection; or what it has taken.
struct TurnShare {
  std::size_t calls = 0;
  std::size_t bytes = 0;  // Of the calls.
  std::size_t room = 0;   // Bytes of their answers, about.

  bool used_up() const { return calls == 0 || bytes == 0 || room == 0; }
  /// The last that is taken may go beyond.
  TurnShare less(const TurnShare& taken) const {
    return {calls - std::min(calls, taken.calls), bytes - std::min(bytes, taken.bytes),
            room - std::min(room, taken.room)};
  }
};

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
  bool busy() const { return !exchanges_.empty() || !untaken_.empty(); }
  bool has_call() const { return !untaken_.empty() && !closed_; }
  uid_t user() const { return peer_.uid; }

  /// Takes the first call that waits, and of those behind it what may be taken with it and what
  /// `most` leaves room for. Returns what that was.
  TurnShare take_calls(const TurnShare& most);
  /// The next page of its answer may be made.
  void let_page_go_on();

  /// Whether another program could go on with it: nothing is being written, or about to be.
  bool can_hand_over() const;
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
  enum class Received : std::uint8_t { some, nothing_yet, no_room, end };

  boost::asio::awaitable<void> serve();
  boost::asio::awaitable<bool> read_call();
  void read_ahead();
  boost::asio::awaitable<std::optional<std::string>> read_message();
  /// The next of those that are here.
  std::optional<std::string> next_message();
  bool is_too_large() const;
  Received receive();
  std::size_t untaken_bytes() const { return received_.size() - read_ + ahead_; }
  boost::asio::awaitable<void> wait_for_news();
  boost::asio::awaitable<void> wait_for_room();
  boost::asio::awaitable<void> wait_for_turn();
  /// Sets how much of its user's share it takes from now on.
  void use(const ClientUse& now);
  void hold_incoming(std::size_t bytes);
  /// Of bytes of answers, so many more or less than before.
  void hold_unread(std::size_t more, std::size_t less = 0);
  void count_kept();
  std::shared_ptr<Exchange> new_exchange(varlink::Call call);
  void take_news(Exchange& exchange);
  void end_first();
  boost::asio::awaitable<bool> answer();
  boost::asio::awaitable<bool> send_pages(const std::shared_ptr<Exchange>& exchange);
  /// `counted`: so much of it counts as unread already.
  boost::asio::awaitable<bool> write(std::string_view message, std::size_t counted = 0);
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
  std::size_t read_ = 0;               // So much of it is taken out already …
  std::size_t searched_ = 0;           // … and no byte 0 is in it before this.
  std::deque<varlink::Call> untaken_;  // Read, or handed over.
  std::size_t ahead_ = 0;              // Bytes of them.
  bool first_was_handed_over_ = false;
  std::deque<std::shared_ptr<Exchange>> exchanges_;  // Taken; the first is answered first.
  std::shared_ptr<std::shared_ptr<Kept>> kept_ = std::make_shared<std::shared_ptr<Kept>>();
  bool writing_ = false;
  bool waits_for_page_ = false;
  bool waits_for_turn_ = false;
  bool hurried_ = false;
  bool hung_up_ = false;
  bool closed_ = false;
};

}  // namespace wm
