#include "fleet/database/connection.h"

#include <algorithm>
#include <thread>

#include <arpa/inet.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/text.h"

namespace wm::fleet {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

// libpq's messages have several lines, of which the first says what happened.
std::string first_line(const char* message) {
  std::string_view text = message ? message : "";
  for (const std::string_view prefix : {"ERROR:  ", "FATAL:  "}) {
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  }
  return std::string(text.substr(0, text.find('\n')));
}

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

ErrorCode code_of(std::string_view state) {
  if (state == "42501" || state.starts_with("28")) return ErrorCode::not_permitted;
  if (state.starts_with("P0")) return ErrorCode::refused;
  if (state.starts_with("22") || state.starts_with("23")) return ErrorCode::invalid;
  return ErrorCode::failed;
}

Rows rows_of(const PGresult* result) {
  Rows rows(static_cast<std::size_t>(PQntuples(result)));
  const int columns = PQnfields(result);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const int row = static_cast<int>(i);
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result, row, column) != 0) {
        rows[i].emplace_back();
      } else {
        rows[i].emplace_back(
            std::string(PQgetvalue(result, row, column),
                        static_cast<std::size_t>(PQgetlength(result, row, column))));
      }
    }
  }
  return rows;
}

}  // namespace

namespace {

// A name may lead anywhere: of names only localhost counts.
bool is_loopback(const std::string& host) {
  in_addr four{};
  constexpr std::uint32_t kNetwork = 0x7f;
  if (::inet_pton(AF_INET, host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == kNetwork;
  return host == "localhost" || host == "::1";
}

// True if nobody else can listen on the way there. An empty one is the server's usual socket.
bool stays_here(const std::string& host) {
  return host.empty() || host.starts_with('/') || host.starts_with('@') || is_loopback(host);
}

std::vector<std::string> items_of(const std::string& list) {
  std::vector<std::string> items(1);
  for (const char c : list) {
    if (c == ',') {
      items.emplace_back();
    } else {
      items.back() += c;
    }
  }
  return items;
}

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

std::string value_in(const Options& options, std::string_view keyword) {
  for (const PQconninfoOption* one = options.get(); one && one->keyword; ++one) {
    if (one->keyword == keyword) return one->val ? one->val : "";
  }
  return "";
}

// Whether all hosts to which libpq would go with that string and its own variables are here.
bool all_stay_here(const Options& given) {
  const Options defaults(PQconndefaults(), PQconninfoFree);
  const auto used = [&](std::string_view keyword) {
    std::string value = value_in(given, keyword);
    return value.empty() ? value_in(defaults, keyword) : value;
  };
  const std::string addresses = used("hostaddr");
  // What else a service names, only libpq knows.
  if (addresses.empty() && !value_in(given, "service").empty()) return false;
  const std::vector<std::string> names = items_of(used("host"));
  std::vector<std::string> hosts = items_of(addresses.empty() ? used("host") : addresses);
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (hosts[i].empty() && i < names.size()) hosts[i] = names[i];
  }
  return std::ranges::all_of(hosts, stays_here);
}

bool is_address(std::string_view conninfo) {
  return conninfo.starts_with("postgres://") || conninfo.starts_with("postgresql://");
}

// libpq's own quoting: a backslash before a quote and a backslash.
std::string quoted(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

// Writes each byte as a percent sign and two hexadecimal digits, as addresses have it.
std::string percent_encoded(std::string_view value) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    text += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

}  // namespace

std::string with_word(const std::string& conninfo, const std::string& word) {
  if (!is_address(conninfo)) return conninfo + ' ' + word;
  return conninfo + (conninfo.find('?') == std::string::npos ? '?' : '&') + word;
}

std::string value_in(const std::string& conninfo, std::string_view keyword) {
  return value_in(Options(PQconninfoParse(conninfo.c_str(), nullptr), PQconninfoFree), keyword);
}

Result<std::string> with_verified_server(const std::string& conninfo) {
  constexpr std::string_view kVerified = "verify-full";
  char* problem = nullptr;
  const Options given(PQconninfoParse(conninfo.c_str(), &problem), PQconninfoFree);
  if (!given) {
    const std::string what = first_line(problem);
    PQfreemem(problem);
    return invalid("the database's connection string does not parse: " + what);
  }
  if (all_stay_here(given)) return conninfo;
  const std::string mode = value_in(given, "sslmode");
  if (!mode.empty() && mode != kVerified) {
    return invalid("sslmode=" + mode +
                   " lets others pose as the database: write sslmode=verify-full, and sslrootcert= "
                   "with the certificate that signed the server's");
  }
  std::string verified = conninfo;
  // A variable or a service could say otherwise.
  if (mode.empty()) verified = with_word(verified, "sslmode=" + std::string(kVerified));
  // It would be tried first, and then there is no TLS.
  if (value_in(given, "gssencmode").empty()) verified = with_word(verified, "gssencmode=disable");
  return verified;
}

std::string with_password(const std::string& conninfo, std::string_view password) {
  return with_word(conninfo, "password=" + (is_address(conninfo) ? percent_encoded(password)
                                                                 : quoted(password)));
}

std::string with_time_limits(const std::string& conninfo) {
  // A later word of the same name wins: what people set stays.
  constexpr std::string_view kLimits =
      "connect_timeout=10 keepalives_idle=15 keepalives_interval=5 keepalives_count=3 "
      "tcp_user_timeout=20000 application_name=wm-fleet ";
  if (!is_address(conninfo)) return std::string(kLimits) + conninfo;
  return with_word(conninfo,
                   "connect_timeout=10&keepalives_idle=15&keepalives_interval=5&keepalives_count=3&"
                   "tcp_user_timeout=20000");
}

Connection::Connection(asio::any_io_executor executor, Handle handle)
    : handle_(std::move(handle)), socket_(executor, PQsocket(handle_.get())), answered_(executor) {
  PQsetnonblocking(handle_.get(), 1);
  PQsetNoticeProcessor(handle_.get(), [](void*, const char*) {}, nullptr);
  asio::co_spawn(executor, read(), asio::detached);
}

Connection::~Connection() {
  *exists_ = false;
  answered_.cancel();
  socket_.release();  // It is libpq's to close.
}

asio::awaitable<Result<std::unique_ptr<Connection>>> Connection::open(std::string conninfo) {
  const auto executor = co_await asio::this_coro::executor;
  std::thread thread;
  const auto connect = [&](auto handler) {
    const auto loop = asio::prefer(executor, asio::execution::outstanding_work.tracked);
    thread = std::thread(
        [handler = std::move(handler), loop, info = with_time_limits(conninfo)]() mutable {
          PGconn* const connection = PQconnectdb(info.c_str());
          asio::post(loop, [handler = std::move(handler), connection]() mutable {
            std::move(handler)(connection);
          });
        });
  };
  Handle handle(co_await asio::async_initiate<const asio::use_awaitable_t<>, void(PGconn*)>(
      connect, asio::use_awaitable));
  thread.join();
  if (PQstatus(handle.get()) != CONNECTION_OK) {
    std::string what = first_line(PQerrorMessage(handle.get()));
    if (what.find("root certificate file") != std::string::npos) {
      what += ": put there the certificate that signed the server's, or name it by sslrootcert";
    }
    co_return fail(ErrorCode::unreachable, "the database cannot be reached: " + what);
  }
  co_return std::unique_ptr<Connection>(new Connection(executor, std::move(handle)));
}

void Connection::listen(OnHint on_hint, std::function<void()> on_lost) {
  on_hint_ = std::move(on_hint);
  on_lost_ = std::move(on_lost);
}

void Connection::lose() {
  if (!std::exchange(alive_, false)) return;
  answered_.cancel();
  boost::system::error_code ignored;
  socket_.cancel(ignored);
  if (on_lost_) on_lost_();
}

// Reads for as long as the connection is there: answers, and notifications between them.
asio::awaitable<void> Connection::read() {
  const auto exists = exists_;
  while (*exists && alive_) {
    boost::system::error_code failed;
    co_await socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                                asio::redirect_error(asio::use_awaitable, failed));
    if (!*exists || !alive_) co_return;
    if (failed || PQconsumeInput(handle_.get()) == 0) co_return lose();
    take_hints();
    if (!*exists) co_return;
    if (asking_ && PQisBusy(handle_.get()) == 0) answered_.cancel();
    if (!asking_ && PQstatus(handle_.get()) != CONNECTION_OK) co_return lose();
  }
}

void Connection::take_hints() {
  while (PGnotify* const hint = PQnotifies(handle_.get())) {
    const std::string channel = hint->relname;
    PQfreemem(hint);
    if (on_hint_) on_hint_(channel);
  }
}

asio::awaitable<bool> Connection::flush() {
  for (;;) {
    const int left = PQflush(handle_.get());
    if (left <= 0) co_return left == 0;
    boost::system::error_code failed;
    co_await socket_.async_wait(asio::posix::stream_descriptor::wait_write,
                                asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return false;
  }
}

Result<Rows> Connection::take_answer() {
  Result<Rows> rows = Rows{};
  error_state_.clear();
  while (Answer result{PQgetResult(handle_.get())}) {
    switch (PQresultStatus(result.get())) {
      case PGRES_TUPLES_OK:
        if (rows) rows = rows_of(result.get());
        break;
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY:
        break;
      default: {
        const char* const state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
        const char* const what = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
        error_state_ = state ? state : "";
        rows = fail(code_of(error_state_),
                    what ? what : first_line(PQresultErrorMessage(result.get())));
      }
    }
  }
  if (PQstatus(handle_.get()) != CONNECTION_OK) lose();
  return rows;
}

asio::awaitable<Result<Rows>> Connection::query(std::string sql,
                                                std::vector<std::optional<std::string>> parameters,
                                                std::chrono::milliseconds limit) {
  const std::string gone = "the connection to the database is gone";
  if (!alive_) co_return fail(ErrorCode::unreachable, gone);
  std::vector<const char*> values;
  for (const auto& one : parameters) values.push_back(one ? one->c_str() : nullptr);
  // Several statements at once come without parameters.
  const int sent = values.empty() ? PQsendQuery(handle_.get(), sql.c_str())
                                  : PQsendQueryParams(handle_.get(), sql.c_str(),
                                                      static_cast<int>(values.size()), nullptr,
                                                      values.data(), nullptr, nullptr, 0);
  const auto exists = exists_;
  asking_ = true;
  answered_.expires_after(limit);
  if (sent == 0 || !co_await flush()) {
    if (*exists) lose();
    co_return fail(ErrorCode::unreachable, gone);
  }
  while (*exists && alive_ && PQisBusy(handle_.get()) != 0) {
    boost::system::error_code cancelled;
    co_await answered_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (!*exists) co_return fail(ErrorCode::unreachable, gone);
    if (!cancelled && PQisBusy(handle_.get()) != 0) {
      lose();
      co_return fail(ErrorCode::unreachable, "the database does not answer");
    }
  }
  if (!*exists || !alive_) co_return fail(ErrorCode::unreachable, gone);
  asking_ = false;
  auto rows = take_answer();
  take_hints();  // Those that came with the end of the answer: nothing more need come after it.
  co_return rows;
}

asio::awaitable<Result<json::object>> Connection::call(std::string_view function,
                                                       json::object parameters,
                                                       std::chrono::milliseconds limit) {
  std::vector<std::optional<std::string>> document;
  document.emplace_back(json::serialize(parameters));
  std::string sql = "select wm." + std::string(function) + "($1::jsonb)";
  auto rows = co_await query(std::move(sql), std::move(document), limit);
  if (!rows) co_return std::unexpected(rows.error());
  boost::system::error_code failed;
  json::value answer = json::parse(rows->at(0).at(0).value_or("{}"), failed, {}, deep_enough());
  if (failed || !answer.is_object()) {
    co_return fail(ErrorCode::failed, "the database's answer is no document");
  }
  co_return std::move(answer.as_object());
}

// A pool tells its clients of a process that is not the server's.
asio::awaitable<Result<bool>> Connection::is_direct() {
  const auto rows = co_await query("select pg_backend_pid()");
  if (!rows) co_return std::unexpected(rows.error());
  co_return rows->at(0).at(0) == std::to_string(PQbackendPID(handle_.get()));
}

asio::awaitable<Result<std::string>> Connection::password_verifier(std::string role,
                                                                   std::string password) {
  char* const made =
      PQencryptPasswordConn(handle_.get(), password.c_str(), role.c_str(), "scram-sha-256");
  if (!made) co_return fail(ErrorCode::failed, first_line(PQerrorMessage(handle_.get())));
  std::string verifier = made;
  PQfreemem(made);
  co_return verifier;
}

std::string Connection::address() const {
  const std::string host = PQhost(handle_.get());
  return "host=" + host + " port=" + PQport(handle_.get()) + " dbname=" + PQdb(handle_.get());
}

}  // namespace wm::fleet
