// The administrator's way to the database: a question, and its answer.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "fleet/database/connection.h"

namespace wm::fleet {

class Database {
 public:
  /// An empty string means libpq's own variables ($PGHOST, $PGSERVICE, …).
  static Result<std::unique_ptr<Database>> connect(const std::string& conninfo);

  /// refused: it has waited 10 seconds for a lock. The error says who holds it, and the transaction
  /// is rolled back.
  Result<Rows> query(std::string sql, std::vector<std::optional<std::string>> parameters = {});
  /// A query whose answer is one document, or an array of them.
  Result<boost::json::value> ask(std::string sql,
                                 std::vector<std::optional<std::string>> parameters = {});
  /// What a server keeps instead of that password (SCRAM).
  Result<std::string> password_verifier(const std::string& role, const std::string& password);
  /// How this connection was made, without a user and a password: `host=… port=… dbname=…`.
  std::string address() const { return connection_->address(); }
  /// True if the last error was that: five characters (SQLSTATE).
  bool failed_with(std::string_view state) const { return connection_->error_state() == state; }

 private:
  template <class T>
  T finish(boost::asio::awaitable<T> talk);
  std::string holders();

  boost::asio::io_context loop_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace wm::fleet
