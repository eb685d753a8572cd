#include "fleet/agent/node_daemon.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "cli/client.h"
#include "core/json_fields.h"

namespace wm::fleet {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

// Longer than any answer: the daemon's largest pages are a megabyte.
constexpr std::size_t kMostInAnswer = std::size_t{64} << 20;

std::unexpected<Error> gone() {
  return fail(ErrorCode::unreachable, "the connection to wmd is gone");
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<NodeDaemon>>> NodeDaemon::connect(
    std::string path, std::optional<uid_t> owner) {
  Socket socket(co_await asio::this_coro::executor);
  boost::system::error_code failed;
  try {
    co_await socket.async_connect(asio::local::stream_protocol::endpoint(path),
                                  asio::redirect_error(asio::use_awaitable, failed));
  } catch (const boost::system::system_error& error) {  // The path is too long.
    failed = error.code();
  }
  if (failed) {
    co_return fail(ErrorCode::unreachable, "no wmd answers at " + path + ": " + failed.message());
  }
  co_return std::unique_ptr<NodeDaemon>(new NodeDaemon(std::move(socket), owner));
}

void NodeDaemon::close() {
  alive_ = false;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

asio::awaitable<Result<>> NodeDaemon::send(std::string_view method, json::object parameters,
                                           bool more) {
  if (!alive_) co_return gone();
  if (owner_) parameters["owner"] = *owner_;
  json::object call{{"method", "io.wm.Scheduler." + std::string(method)},
                    {"parameters", std::move(parameters)}};
  if (more) call["more"] = true;
  const std::string message = json::serialize(call) + '\0';
  boost::system::error_code failed;
  co_await asio::async_write(socket_, asio::buffer(message),
                             asio::redirect_error(asio::use_awaitable, failed));
  if (failed) {
    close();
    co_return gone();
  }
  co_return Result<>{};
}

asio::awaitable<Result<json::object>> NodeDaemon::receive() {
  boost::system::error_code failed;
  const std::size_t length =
      co_await asio::async_read_until(socket_, asio::dynamic_buffer(received_, kMostInAnswer), '\0',
                                      asio::redirect_error(asio::use_awaitable, failed));
  if (failed) {
    close();
    co_return gone();
  }
  json::value message = json::parse(std::string_view(received_).substr(0, length - 1), failed);
  received_.erase(0, length);
  if (failed || !message.is_object()) {
    close();
    co_return fail(ErrorCode::unreachable, "wmd's answer is no document");
  }
  json::object& answer = message.as_object();
  if (const std::string error = text_of(answer, "error"); !error.empty()) {
    co_return std::unexpected(cli::error_of(error, object_of(answer, "parameters")));
  }
  co_return std::move(answer);
}

asio::awaitable<Result<json::object>> NodeDaemon::call(std::string_view method,
                                                       json::object parameters) {
  if (auto sent = co_await send(method, std::move(parameters), false); !sent) {
    co_return std::unexpected(sent.error());
  }
  auto answer = co_await receive();
  if (!answer) co_return std::unexpected(answer.error());
  co_return object_of(*answer, "parameters");
}

asio::awaitable<Result<>> NodeDaemon::stream(std::string_view method, json::object parameters,
                                             OnReply on_reply) {
  if (auto sent = co_await send(method, std::move(parameters), true); !sent) {
    co_return std::unexpected(sent.error());
  }
  for (;;) {
    auto answer = co_await receive();
    if (!answer) co_return std::unexpected(answer.error());
    if (!on_reply(object_of(*answer, "parameters"))) co_return Result<>{};
    const json::value* const continues = answer->if_contains("continues");
    if (!continues || !continues->is_bool() || !continues->get_bool()) co_return Result<>{};
  }
}

asio::awaitable<Result<json::array>> NodeDaemon::collect(std::string_view method,
                                                         json::object parameters,
                                                         std::string_view key) {
  json::array all;
  const auto read = co_await stream(method, std::move(parameters), [&](const json::object& page) {
    const json::array& items = array_of(page, key);
    all.insert(all.end(), items.begin(), items.end());
    return true;
  });
  if (!read) co_return std::unexpected(read.error());
  co_return std::move(all);
}

}  // namespace wm::fleet
