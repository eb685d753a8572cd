#include "fleet/database/database.h"

#include <boost/asio/co_spawn.hpp>

namespace wm::fleet {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

// Of a row of pg_stat_activity, whose times not everybody may see.
constexpr const char* kHolds =
    "a.pid <> pg_backend_pid() and coalesce(a.xact_start < now() - interval '9 s', true) and"
    " exists (select from pg_locks l where l.pid = a.pid and l.granted and (l.locktype in"
    " ('advisory', 'transactionid') or l.relation in (select oid from pg_class where"
    " relnamespace = 'wm'::regnamespace)))";

}  // namespace

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
  // Any node may keep a transaction open, and with it a lock. Nobody needs an answer that nobody
  // waits for any more.
  if (auto set =
          database->query("set lock_timeout = '10s'; set client_connection_check_interval = '5s'");
      !set) {
    return std::unexpected(set.error());
  }
  return database;
}

// Who has held a lock for as long as somebody waited for it. Nodes come first.
std::string Database::holders() {
  const auto found = finish(connection_->query(
      std::string(
          "rollback; select coalesce((select 'node ' || string_agg(distinct n.name, ', ') ||"
          " ' has, which wm-fleet revoke ends' from wm.node n join pg_stat_activity a"
          " on a.usename = n.role where ") +
      kHolds +
      "), (select 'process ' ||"
      " string_agg(a.pid::text || ' of ' || a.usename, ', ') || ' has, which"
      " pg_terminate_backend() ends' from pg_stat_activity a where " +
      kHolds + "))"));
  if (!found || found->empty()) return "";
  return found->front().front().value_or("");
}

Result<Rows> Database::query(std::string sql, std::vector<std::optional<std::string>> parameters) {
  // Nobody but the administrator waits for it, and ends it with Ctrl-C.
  constexpr std::chrono::hours kLimit{24};
  auto rows = finish(connection_->query(std::move(sql), std::move(parameters), kLimit));
  constexpr std::string_view kLockTimeout = "55P03";
  if (rows || !failed_with(kLockTimeout)) return rows;
  const std::string who = holders();
  return fail(ErrorCode::refused,
              "another session holds a lock that this needs: " + (who.empty() ? "try again" : who));
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
