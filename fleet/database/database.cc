#include "fleet/database/database.h"

#include <boost/asio/co_spawn.hpp>

namespace wm::fleet {

namespace asio = boost::asio;
namespace json = boost::json;

template <class T>
T Database::finish(asio::awaitable<T> talk) {
  std::optional<T> result;
  std::exception_ptr failed;
  asio::co_spawn(loop_, std::move(talk), [&](std::exception_ptr problem, T answer) {
    failed = std::move(problem);
    result = std::move(answer);
  });
  loop_.restart();
  while (!result) loop_.run_one();
  if (failed) std::rethrow_exception(failed);
  return std::move(*result);
}

Result<std::unique_ptr<Database>> Database::connect(const std::string& conninfo) {
  auto database = std::make_unique<Database>();
  auto connection = database->finish(Connection::open(conninfo));
  if (!connection) return std::unexpected(connection.error());
  database->connection_ = std::move(*connection);
  return database;
}

Result<Rows> Database::query(std::string sql, std::vector<std::optional<std::string>> parameters) {
  // Nobody but the administrator waits for it, and ends it with Ctrl-C.
  constexpr std::chrono::hours kLimit{24};
  return finish(connection_->query(std::move(sql), std::move(parameters), kLimit));
}

Result<json::value> Database::ask(std::string sql,
                                  std::vector<std::optional<std::string>> parameters) {
  auto rows = query(std::move(sql), std::move(parameters));
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty() || !rows->front().front()) return json::value(nullptr);
  return json::parse(*rows->front().front(), {}, deep_enough());
}

Result<std::string> Database::password_verifier(const std::string& role,
                                                const std::string& password) {
  return finish(connection_->password_verifier(role, password));
}

}  // namespace wm::fleet
