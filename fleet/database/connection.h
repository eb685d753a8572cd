// One connection to the fleet's PostgreSQL (libpq) on the loop. Nothing here blocks it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <libpq-fe.h>

#include "core/error.h"

namespace wm::fleet {

/// The rows of an answer; a null is nothing.
using Row = std::vector<std::optional<std::string>>;
using Rows = std::vector<Row>;

/// How a document of the database is read: it holds others, such as the input of work, which may
/// have the depth that a message may have.
inline boost::json::parse_options deep_enough() {
  boost::json::parse_options options;
  options.max_depth = 64;
  return options;
}

/// libpq's keywords with which a stalled network ends a connection instead of holding it.
std::string with_time_limits(const std::string& conninfo);

/// The same with another word, `keyword=value`, whose value has none of the signs that need quotes.
std::string with_word(const std::string& conninfo, const std::string& word);

/// Returns the string's own value for that keyword of libpq, or an empty text if it has none.
std::string value_in(const std::string& conninfo, std::string_view keyword);

/// The same with that password, whatever bytes but NUL it has.
std::string with_password(const std::string& conninfo, std::string_view password);

/// Over a network, the server must prove who it is: with TLS (sslmode=verify-full), or with
/// gssencmode if the string has that. invalid: the string has another sslmode.
Result<std::string> with_verified_server(const std::string& conninfo);

class Connection {
 public:
  /// Longer than this, no answer means that there will be none.
  static constexpr std::chrono::seconds kAnswerLimit{10};

  /// Connects in a thread, because libpq looks up names while its caller waits. The loop must go on
  /// until it is done.
  static boost::asio::awaitable<Result<std::unique_ptr<Connection>>> open(std::string conninfo);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Calls `on_hint` with the channel of each notification; what it carries is not looked at, as
  /// anybody may send one. Calls `on_lost` once the connection is gone.
  using OnHint = std::function<void(std::string_view channel)>;
  void listen(OnHint on_hint, std::function<void()> on_lost);

  /// One statement, one answer; of several statements without parameters, the last one's. An error
  /// of the database, or failed: the connection is gone, if alive() says so.
  boost::asio::awaitable<Result<Rows>> query(
      std::string sql, std::vector<std::optional<std::string>> parameters = {},
      std::chrono::milliseconds limit = kAnswerLimit);

  /// Calls one of the fleet's functions, which take and return a document.
  boost::asio::awaitable<Result<boost::json::object>> call(
      std::string_view function, boost::json::object parameters,
      std::chrono::milliseconds limit = kAnswerLimit);

  /// False: a pool of connections stands between, so what a session has asked for is lost.
  boost::asio::awaitable<Result<bool>> is_direct();
  /// What a server keeps instead of that password (SCRAM).
  boost::asio::awaitable<Result<std::string>> password_verifier(std::string role,
                                                                std::string password);
  /// `host=… port=… dbname=…`
  std::string address() const;

  bool alive() const { return alive_; }
  /// The five characters of the last error of a statement (SQLSTATE); empty: it was another one.
  const std::string& error_state() const { return error_state_; }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  using Handle = std::unique_ptr<PGconn, Finish>;

  Connection(boost::asio::any_io_executor executor, Handle handle);

  boost::asio::awaitable<void> read();
  boost::asio::awaitable<bool> flush();
  void take_hints();
  Result<Rows> take_answer();
  void lose();

  Handle handle_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer answered_;  // Cancelled when an answer is whole.
  std::shared_ptr<bool> exists_ = std::make_shared<bool>(true);
  OnHint on_hint_;
  std::function<void()> on_lost_;
  std::string error_state_;
  bool alive_ = true;
  bool asking_ = false;
};

}  // namespace wm::fleet
