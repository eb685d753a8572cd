#include "daemon/connection.h"

#include <array>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include "core/base64.h"
#include "core/check.h"
#include "core/json_reader.h"
#include "daemon/handover.h"

namespace wm {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadSize = std::size_t{16} << 10;  // A connection may always send this much.

// GCC 12 destroys some temporaries of a co_await expression twice: what is sent has a name first.
std::string too_large(std::size_t limit) {
  return varlink::error(Error{ErrorCode::invalid, "the message is over the maximum of " +
                                                      std::to_string(limit) + " bytes"});
}

// Asks the kernel: Asio may wake us for what happened to the socket that had this descriptor
// before.
bool is_hung_up(int fd) {
  pollfd state{fd, 0, 0};
  return ::poll(&state, 1, 0) > 0;
}

}  // namespace

Connection::Connection(Server& server, asio::local::stream_protocol::socket socket)
    : server_(server),
      socket_(std::move(socket)),
      deadline_(socket_.get_executor()),
      answered_(socket_.get_executor(), asio::steady_timer::time_point::max()) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
    peer_ = {credentials.uid, credentials.pid};
  }
  socket_.non_blocking(true);
}

void Connection::start() {
  use({.connections = 1});
  notice_hangup();
  asio::co_spawn(
      socket_.get_executor(), [self = shared_from_this()] { return self->serve(); },
      [self = shared_from_this()](const std::exception_ptr& problem) {
        self->close();
        if (!problem) return;
        try {
          std::rethrow_exception(problem);
        } catch (const std::exception& e) {
          spdlog::error("a connection ended: {}", e.what());
        }
      });
}

void Connection::refuse(const Error& why) {
  const std::string refusal = varlink::error(why);
  ::send(socket_.native_handle(), refusal.data(), refusal.size(), MSG_NOSIGNAL);
}

void Connection::use(const ClientUse& now) {
  if (now == use_ || closed_) return;
  server_.change_use(peer_.uid, std::exchange(use_, now), now);
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  const auto self = shared_from_this();  // The server's may be the last but this.
  if (exchange_) exchange_->abandoned_ = true;
  boost::system::error_code ignored;
  static_cast<void>(socket_.close(ignored));
  deadline_.cancel();
  answered_.cancel();
  server_.connections_.erase(place_);
  server_.change_use(peer_.uid, std::exchange(use_, {}), {});
}

// A client that hangs up while its call waits is noticed by this alone. What it had sent before is
// still read: a call without an answer is no reason to stay.
void Connection::notice_hangup() {
  socket_.async_wait(asio::socket_base::wait_error,
                     [self = shared_from_this()](const boost::system::error_code& cancelled) {
                       if (cancelled || self->closed_) return;
                       if (!is_hung_up(self->socket_.native_handle())) {
                         return self->notice_hangup();
                       }
                       self->hung_up_ = true;
                       if (self->busy()) self->close();
                     });
}

void Connection::expect_progress(std::chrono::milliseconds time) {
  if (std::exchange(hurried_, true)) return;
  deadline_.expires_after(time);
  deadline_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (!cancelled) self->close();
  });
}

void Connection::progress_made() {
  if (std::exchange(hurried_, false)) deadline_.cancel();
}

bool Connection::settled() const {
  if (writing_) return false;
  if (!exchange_ || !exchange_->message_) return true;
  return waits_for_page_ && !exchange_->has_news_;
}

boost::json::object Connection::hand_over(Handover& handover) {
  boost::json::object handed{{"received", encode_base64(received_)}};
  if (exchange_) untaken_ = exchange_->call();
  if (untaken_) {
    handed["call"] = {{"method", untaken_->method},
                      {"parameters", untaken_->parameters},
                      {"more", untaken_->more},
                      {"oneway", untaken_->oneway},
                      {"small", untaken_->small}};
    handed["wasTaken"] = exchange_ != nullptr || untaken_was_handed_over_;
  }
  const int descriptor = socket_.release();
  handover.keep(descriptor);
  handed["socket"] = descriptor;
  close();
  return handed;
}

std::shared_ptr<Connection> Connection::take_over(Server& server,
                                                  const asio::any_io_executor& executor,
                                                  const boost::json::object& handed) {
  asio::local::stream_protocol::socket socket(executor, asio::local::stream_protocol(),
                                              kept_descriptor(handed, "socket"));
  auto connection = std::make_shared<Connection>(server, std::move(socket));
  std::string received;
  std::optional<boost::json::object> call;
  JsonReader(handed)
      .read("received", received)
      .read("call", call)
      .read("wasTaken", connection->untaken_was_handed_over_);
  connection->received_ = decode_base64(received);
  if (call) {
    varlink::Call& untaken = connection->untaken_.emplace();
    JsonReader(*call)
        .read("method", untaken.method)
        .read("parameters", untaken.parameters)
        .read("more", untaken.more)
        .read("oneway", untaken.oneway)
        .read("small", untaken.small);
  }
  return connection;
}

asio::awaitable<void> Connection::wait_for_news() {
  return answered_.async_wait(asio::redirect_error(asio::use_awaitable, woken_));
}

asio::awaitable<void> Connection::wait_for_room() {
  server_.without_room_.push_back(weak_from_this());
  return wait_for_news();
}

// Until there is a call to take. False: there will be none.
asio::awaitable<bool> Connection::read_call() {
  while (!untaken_) {
    const auto message = co_await read_message();
    if (!message) co_return false;
    auto call = varlink::parse_call(*message);
    if (!call) {
      const std::string refusal = varlink::error(call.error());
      co_await write(refusal);
      co_return false;
    }
    if (const auto introspection = varlink::answer_introspection(*call)) {
      if (!call->oneway && !co_await write(*introspection)) co_return false;
      hold_incoming(0);
      continue;
    }
    untaken_ = std::move(*call);
  }
  co_return true;
}

asio::awaitable<void> Connection::serve() {
  while (!closed_) {
    if (!co_await read_call()) co_return;
    server_.calls_[peer_.uid].push_back(weak_from_this());
    while (untaken_ && !closed_) co_await wait_for_news();
    if (closed_) co_return;
    while (!exchange_->message_ && !closed_) co_await wait_for_news();
    if (closed_) co_return;
    const bool going_on = co_await answer(checked(exchange_->message_, "there is an answer"));
    exchange_->abandoned_ = true;  // Nobody hears what else there might be.
    exchange_.reset();
    hold_unread(0);
    if (!going_on) co_return;
  }
}

void Connection::take_call() {
  varlink::Call call = checked(std::exchange(untaken_, std::nullopt), "a call waits");
  hold_incoming(0);
  server_.connections_.splice(server_.connections_.end(), server_.connections_, place_);
  exchange_ = std::make_shared<Exchange>(std::move(call), peer_, [this] {
    if (exchange_ && exchange_->message_ && !exchange_->message_->empty()) {
      hold_unread(exchange_->message_->size());
    }
    wake();
  });
  exchange_->handed_over_ = std::exchange(untaken_was_handed_over_, false);
  server_.on_call_(exchange_);
  if (hung_up_) close();
  wake();
}

asio::awaitable<bool> Connection::answer(const std::string& message) {
  if (exchange_->call().oneway) co_return true;
  if (!co_await write(message)) co_return false;
  exchange_->message_.emplace();  // It is sent; the pages after it may take long.
  while (exchange_->next_) {
    if (server_.bounds_.room_for_answers(peer_.uid) == 0) {
      co_await wait_for_room();
      if (closed_) co_return false;
      continue;
    }
    exchange_->has_news_ = false;
    std::optional<Exchange::Page> page = exchange_->next_page();
    if (const auto& failure = exchange_->failure_) {
      const std::string refusal = varlink::error(exchange_->call(), *failure);
      co_return co_await write(refusal);
    }
    if (!page) {
      waits_for_page_ = true;
      co_await wait_for_news();
      waits_for_page_ = false;
      if (closed_) co_return false;
      continue;
    }
    if (!page->more) exchange_->next_ = nullptr;
    const std::string reply = varlink::reply(std::move(page->parameters), page->more);
    if (!co_await write(reply)) co_return false;
  }
  co_return true;
}

// Nothing: the client is gone, too slow, or sends too much.
asio::awaitable<std::optional<std::string>> Connection::read_message() {
  static std::array<char, kReadSize> buffer;  // One thread, and nothing stays in it.
  const std::size_t limit = server_.limits_.message_bytes;
  while (!closed_) {
    const std::size_t end = received_.find('\0', searched_);
    if (std::min(end, received_.size()) > limit) {
      const std::string refusal = too_large(limit);
      co_await write(refusal);
      co_return std::nullopt;
    }
    if (end != std::string::npos) {
      std::string message = received_.substr(0, end);
      received_.erase(0, end + 1);
      if (use_.incoming > 0) received_.shrink_to_fit();
      searched_ = 0;
      progress_made();
      co_return message;
    }
    searched_ = received_.size();
    if (received_.size() >= kReadSize && use_.incoming == 0) {
      if (!server_.bounds_.has_room_for_call(peer_.uid, limit)) {
        progress_made();  // It is not the client who lets us wait.
        co_await wait_for_room();
        continue;
      }
      hold_incoming(limit);
    }
    const ssize_t length = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
    if (length > 0) {
      received_.append(buffer.data(), static_cast<std::size_t>(length));
      continue;
    }
    if (length == 0 || (errno != EAGAIN && errno != EINTR)) co_return std::nullopt;
    if (!received_.empty()) expect_progress(server_.limits_.message_time);
    boost::system::error_code failed;
    co_await socket_.async_wait(asio::socket_base::wait_read,
                                asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return std::nullopt;
  }
  co_return std::nullopt;
}

asio::awaitable<bool> Connection::write(std::string_view message) {
  server_.before_write_();
  writing_ = true;
  hold_unread(message.size());
  while (!message.empty() && !closed_) {
    const ssize_t length =
        ::send(socket_.native_handle(), message.data(), message.size(), MSG_NOSIGNAL);
    if (length >= 0) {
      message.remove_prefix(static_cast<std::size_t>(length));
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) co_return false;
    expect_progress(server_.limits_.write_time);
    boost::system::error_code failed;
    co_await socket_.async_wait(asio::socket_base::wait_write,
                                asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return false;
  }
  writing_ = false;
  hold_unread(0);
  progress_made();
  co_return !closed_;
}

}  // namespace wm
