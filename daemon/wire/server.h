// The Unix socket: connections, their messages and their bounds. A connection that misbehaves is
// cut off alone.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/messages.h"
#include "daemon/wire/client_use.h"
#include "daemon/wire/varlink.h"

namespace wm {

/// The peer's identity, from the kernel (SO_PEERCRED).
struct Peer {
  uid_t uid = 0;
  pid_t pid = 0;
};

struct ServerLimits {
  std::size_t message_bytes = kMostInMessage;
  // Bounds on what one turn takes of each user: the more, the longer everybody waits for its end.
  std::size_t calls_per_turn = 16;                    // The most while others wait, too.
  std::size_t calls_alone = 64;                       // The most while nobody else does.
  std::size_t bytes_per_turn = std::size_t{1} << 20;  // Bytes of calls; the last one may exceed it.
  std::size_t pages_per_turn = 4;                     // Pages of long answers.
  ClientLimits clients = {};
  std::chrono::milliseconds message_time{10'000};  // Time from a message's first byte to its last.
  std::chrono::milliseconds write_time{30'000};    // Time for a client to read an answer.
};

/// State that the calls of a connection leave for its later calls. It goes with the connection.
class Kept {
 public:
  virtual ~Kept() = default;
  /// Its rough size in the daemon's memory.
  virtual std::size_t bytes() const = 0;
};

/// One call and its answer. Exactly one of reply(), error() and stream() is used, once; messages to
/// a client that is gone are dropped.
class Exchange {
 public:
  /// The next page; `more` is false after the last.
  struct Page {
    boost::json::object parameters;
    bool more = false;
  };
  using NextPage = std::function<std::optional<Page>()>;

  Exchange(varlink::Call call, Peer peer, std::function<void()> answered)
      : call_(std::move(call)), peer_(peer), answered_(std::move(answered)) {}

  const varlink::Call& call() const { return call_; }
  /// The caller; root may act for another user.
  const Peer& peer() const { return peer_; }
  void act_for(uid_t user) { peer_.uid = user; }
  bool abandoned() const { return abandoned_; }
  /// The first message of its answer; nothing: there is none yet.
  const std::optional<std::string>& message() const { return message_; }
  /// The state that earlier calls on its connection have left; nothing: there is none.
  std::shared_ptr<Kept>& kept() { return *kept_; }
  /// True if it was asked of an earlier program in this process.
  bool handed_over() const { return handed_over_; }

  /// Changes a parameter of the call, so that a program that takes it over goes on after this
  /// answer.
  void set_parameter(std::string_view name, boost::json::value value) {
    call_.parameters[name] = std::move(value);
  }

  void reply(boost::json::object parameters) {
    answer(varlink::reply(std::move(parameters), false));
  }
  void error(const Error& problem) { answer(varlink::error(call_, problem)); }
  void error(std::string_view name, boost::json::object parameters) {
    answer(varlink::error(call_, name, std::move(parameters)));
  }
  /// Ends the answer with this error, whatever has been answered so far.
  void fail(const Error& problem);
  /// Asks for pages one by one, each when the one before is written. A caller that did not ask for
  /// `more` gets only the first. If `next` returns nothing, which the first call must not, it is
  /// called again after go_on(). An exception of `next` ends the answer with an error.
  void stream(NextPage next);
  void go_on() {
    has_news_ = true;
    if (!abandoned_) answered_();
  }

 private:
  friend class Connection;

  void answer(std::string message);
  /// Nothing: not yet, or never if `failure_` is set.
  std::optional<Page> next_page();

  varlink::Call call_;
  Peer peer_;
  std::function<void()> answered_;
  std::shared_ptr<std::shared_ptr<Kept>> kept_ = std::make_shared<std::shared_ptr<Kept>>();
  std::optional<std::string> message_;
  std::size_t unread_ = 0;        // Bytes of it that count as its user's.
  std::optional<Error> failure_;  // It takes the place of the next page.
  NextPage next_;
  bool abandoned_ = false;
  bool handed_over_ = false;
  bool has_news_ = false;  // `next` was not called since go_on().
};

/// The error for the caller if an answer could not be made; it is logged, too.
Error error_of(const std::exception& problem);

class Connection;
class Handover;

class Server {
 public:
  /// Calls of one connection, in their order: one, or several that may be taken together.
  using Calls = std::vector<std::shared_ptr<Exchange>>;
  using OnCalls = std::function<void(const Calls&)>;
  using BeforeWrite = std::function<void()>;
  /// True if a call may be taken in one turn with others like it next to it: it is decided as if
  /// they had come one by one, and its answer is one message of about its own size.
  using MayBeTogether = std::function<bool(const varlink::Call&)>;

  /// Serves the listening socket `listener`. Every call except the service's own introspection goes
  /// to `on_calls`. `before_write` is called before anything is sent; if it throws, nothing is
  /// sent.
  Server(
      boost::asio::io_context& loop, int listener, ServerLimits limits, OnCalls on_calls,
      BeforeWrite before_write,
      MayBeTogether may_be_together = [](const varlink::Call&) { return false; });
  ~Server();

  std::size_t connection_count() const { return connections_.size(); }
  const ClientBounds& bounds() const { return bounds_; }
  /// Connections that were refused, or closed to make room.
  std::size_t refused() const { return refused_; }

  void set_limits(const ClientLimits& limits);

  /// Takes waiting calls once per turn, up to a number per user, so that nobody waits behind
  /// everything that another asks; and lets some long answers of each user go on by one page. Calls
  /// of a user who does not read answers keep waiting. True: some are left for the next turn.
  bool take_calls();

  // Called for another program in this process, in this order.

  /// While `holds` is true, no call is taken.
  void hold_calls(bool holds);
  /// True if nothing is being written, or about to be.
  bool can_hand_over() const;
  /// Returns the state for take_over() of the next program's server. Connections that cannot be
  /// handed over are cut off.
  boost::json::object hand_over(Handover& handover);
  void take_over(const boost::json::object& handed);

 private:
  friend class Connection;
  using Queue = std::deque<std::weak_ptr<Connection>>;

  boost::asio::awaitable<void> accept_all();
  void add(boost::asio::local::stream_protocol::socket socket);
  /// Makes room for one more connection of that user. The error says why there is none.
  Result<> make_room_for(uid_t newcomer);
  /// Closes the quietest connection of the user who has most. One that waits for an answer is
  /// closed only for another user. False: there is no room.
  bool make_room(std::optional<uid_t> newcomer);
  bool close_quietest_of(uid_t user, bool busy);
  /// A connection has changed its use: those who wait for room look again.
  void change_use(uid_t user, const ClientUse& before, const ClientUse& now);
  void wake_those_without_room();
  void let_pages_go_on();
  /// False: some calls are left for the next turn.
  bool take_calls_of(uid_t user, Queue& waiting, std::size_t most);
  void insert(const std::shared_ptr<Connection>& connection);

  boost::asio::local::stream_protocol::acceptor acceptor_;
  ServerLimits limits_;
  OnCalls on_calls_;
  BeforeWrite before_write_;
  MayBeTogether may_be_together_;
  ClientBounds bounds_;
  std::vector<std::weak_ptr<Connection>> without_room_;
  std::size_t refused_ = 0;
  bool holding_ = false;
  std::map<uid_t, Queue> calls_;  // They wait to be taken.
  std::map<uid_t, Queue> pages_;  // They wait for their turn to make a page.
  // The one that has been quiet longest comes first.
  std::list<std::shared_ptr<Connection>> connections_;
};

/// Returns a listening socket at `path` with that mode. Invalid: the path is too long for a socket,
/// or is something else than a socket. Refused: a daemon answers there. A socket that nobody
/// answers is replaced.
Result<int> listen_at(const std::string& path, mode_t mode);

}  // namespace wm
