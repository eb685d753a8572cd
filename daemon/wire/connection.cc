#include "daemon/wire/connection.h"

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
#include "daemon/system/handover.h"
#include "daemon/wire/interface.h"

namespace wm {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::size_t kReadSize = std::size_t{16} << 10;  // A connection may always send this much.
// The rough size of an answer: one that may have pages, and one that is as small as its call.
constexpr std::size_t kPageRoom = std::size_t{512} << 10;
constexpr std::size_t kSmallRoom = std::size_t{2} << 10;
// Answers are sent together until they reach this size.
constexpr std::size_t kWriteSize = std::size_t{256} << 10;

// GCC 12 destroys some temporaries of a co_await expression twice, so the message gets a name
// first.
std::string too_large(std::size_t limit) {
  return varlink::error(Error{ErrorCode::invalid, "the message is over the maximum of " +
                                                      std::to_string(limit) + " bytes"});
}

// The call as it was sent, with the interface name that its client used.
json::object to_json(const varlink::Call& call) {
  std::string method = call.method;
  if (call.small) method.replace(0, varlink::kInterfaceName.size(), varlink::kSmallInterfaceName);
  return {{"method", std::move(method)},
          {"parameters", call.parameters},
          {"more", call.more},
          {"oneway", call.oneway}};
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

void Connection::hold_incoming(std::size_t bytes) {
  ClientUse now = use_;
  now.incoming = bytes;
  use(now);
}

void Connection::hold_unread(std::size_t more, std::size_t less) {
  ClientUse now = use_;
  now.unread = now.unread + more - less;
  use(now);
}

void Connection::count_kept() {
  ClientUse now = use_;
  now.kept = *kept_ ? (*kept_)->bytes() : 0;
  use(now);
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  const auto self = shared_from_this();  // The server's may be the last reference but this.
  for (const auto& exchange : exchanges_) exchange->abandoned_ = true;
  kept_->reset();
  boost::system::error_code ignored;
  static_cast<void>(socket_.close(ignored));
  deadline_.cancel();
  answered_.cancel();
  server_.connections_.erase(place_);
  server_.change_use(peer_.uid, std::exchange(use_, {}), {});
}

// Only this notices a client that hangs up while its call waits. Bytes that it sent before are
// still read: an unanswered call is no reason to stay.
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

bool Connection::can_hand_over() const {
  if (writing_) return false;
  if (exchanges_.empty() || !exchanges_.front()->message_) return true;
  return waits_for_page_ && !exchanges_.front()->has_news_;
}

// Calls behind the first have done nothing yet: they are handed over as they were sent.
json::object Connection::hand_over(Handover& handover) {
  const bool was_taken = !exchanges_.empty() || first_was_handed_over_;
  std::deque<varlink::Call> calls = std::move(untaken_);
  for (auto one = exchanges_.rbegin(); one != exchanges_.rend(); ++one) {
    calls.push_front((*one)->call());
  }
  json::object handed;
  if (!calls.empty()) {
    handed["call"] = to_json(calls.front());
    handed["wasTaken"] = was_taken;
    calls.pop_front();
  }
  std::string unread;
  for (const varlink::Call& call : calls) unread += json::serialize(to_json(call)) + '\0';
  handed["received"] = encode_base64(unread + received_.substr(read_));
  const int descriptor = socket_.release();
  handover.keep(descriptor);
  handed["socket"] = descriptor;
  close();
  return handed;
}

std::shared_ptr<Connection> Connection::take_over(Server& server,
                                                  const asio::any_io_executor& executor,
                                                  const json::object& handed) {
  asio::local::stream_protocol::socket socket(executor, asio::local::stream_protocol(),
                                              kept_descriptor(handed, "socket"));
  auto connection = std::make_shared<Connection>(server, std::move(socket));
  std::string received;
  std::optional<json::object> call;
  JsonReader(handed)
      .read("received", received)
      .read("call", call)
      .read("wasTaken", connection->first_was_handed_over_);
  connection->received_ = decode_base64(received);
  if (call) {
    if (auto untaken = varlink::parse_call(json::serialize(*call))) {
      untaken->size = 0;
      connection->untaken_.push_back(std::move(*untaken));
    }
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

asio::awaitable<void> Connection::wait_for_turn() {
  waits_for_turn_ = true;
  server_.pages_[peer_.uid].push_back(weak_from_this());
  while (waits_for_turn_ && !closed_) co_await wait_for_news();
}

void Connection::let_page_go_on() {
  waits_for_turn_ = false;
  wake();
}

asio::awaitable<void> Connection::serve() {
  while (!closed_) {
    if (!co_await read_call()) co_return;
    read_ahead();
    server_.calls_[peer_.uid].push_back(weak_from_this());
    while (exchanges_.empty() && !closed_) co_await wait_for_news();
    while (!exchanges_.empty() && !closed_) {
      const bool going_on = co_await answer();
      if (!going_on) co_return;
    }
  }
}

// Waits until there is a call to take. False: there will be none.
asio::awaitable<bool> Connection::read_call() {
  while (untaken_.empty()) {
    const auto message = co_await read_message();
    if (!message) co_return false;
    auto call = varlink::parse_call(*message);
    if (!call) {
      const std::string refusal = varlink::error(call.error());
      co_await write(refusal);
      co_return false;
    }
    ahead_ += call->size;
    untaken_.push_back(std::move(*call));
  }
  co_return true;
}

// Reads the calls behind one that may be taken together with others.
void Connection::read_ahead() {
  const ServerLimits& limits = server_.limits_;
  while (server_.may_be_together_(untaken_.back()) && untaken_.size() < limits.calls_alone &&
         untaken_bytes() < limits.message_bytes && !is_too_large()) {
    const auto message = next_message();
    if (!message && receive() != Received::some) return;
    if (!message) continue;
    auto call = varlink::parse_call(*message);
    if (!call) {  // It is refused once those before it are answered.
      received_.insert(read_, *message + '\0');
      searched_ = read_;
      return;
    }
    ahead_ += call->size;
    untaken_.push_back(std::move(*call));
  }
}

TurnShare Connection::take_calls(const TurnShare& most) {
  server_.connections_.splice(server_.connections_.end(), server_.connections_, place_);
  Server::Calls calls;
  TurnShare taken;
  TurnShare left = most;
  bool together = true;
  do {
    varlink::Call call = std::move(untaken_.front());
    untaken_.pop_front();
    ahead_ -= call.size;
    together = server_.may_be_together_(call);
    const TurnShare one{1, std::max<std::size_t>(call.size, 1),
                        together ? kSmallRoom + 2 * call.size : kPageRoom};
    taken = {taken.calls + 1, taken.bytes + one.bytes, taken.room + one.room};
    left = left.less(one);
    calls.push_back(new_exchange(std::move(call)));
  } while (together && !left.used_up() && !untaken_.empty() &&
           server_.may_be_together_(untaken_.front()));
  if (untaken_.empty()) hold_incoming(0);
  exchanges_.insert(exchanges_.end(), calls.begin(), calls.end());
  calls.front()->handed_over_ = std::exchange(first_was_handed_over_, false);
  if (auto reply = varlink::answer_introspection(calls.front()->call())) {
    calls.front()->answer(std::move(*reply));
  } else {
    server_.on_calls_(calls);
  }
  if (hung_up_) close();
  wake();
  return taken;
}

std::shared_ptr<Exchange> Connection::new_exchange(varlink::Call call) {
  auto exchange = std::make_shared<Exchange>(std::move(call), peer_, nullptr);
  exchange->answered_ = [this, one = exchange.get()] { take_news(*one); };
  exchange->kept_ = kept_;
  return exchange;
}

void Connection::take_news(Exchange& exchange) {
  if (exchange.message_) {
    const std::size_t bytes = exchange.message_->size();
    hold_unread(bytes, std::exchange(exchange.unread_, bytes));
  }
  count_kept();
  wake();
}

// Writes the first answer once it is there, and those behind it that are ready by then.
asio::awaitable<bool> Connection::answer() {
  while (!closed_ && !exchanges_.front()->message_) co_await wait_for_news();
  if (closed_) co_return false;
  std::string messages;
  std::size_t counted = 0;
  std::shared_ptr<Exchange> goes_on;
  while (!exchanges_.empty() && !goes_on && messages.size() < kWriteSize) {
    const std::shared_ptr<Exchange> first = exchanges_.front();
    if (!first->message_) break;
    counted += std::exchange(first->unread_, 0);
    if (!first->call().oneway) messages += checked(first->message_, "there is an answer");
    first->message_.emplace();  // The pages after it may take long.
    if (first->next_ && !first->call().oneway) {
      goes_on = first;
    } else {
      end_first();
    }
  }
  if (!co_await write(messages, counted)) co_return false;
  if (!goes_on) co_return true;
  const bool all_sent = co_await send_pages(goes_on);
  if (all_sent && !closed_) end_first();
  co_return all_sent;
}

void Connection::end_first() {
  exchanges_.front()->abandoned_ = true;  // Nobody reads the rest.
  exchanges_.pop_front();
}

asio::awaitable<bool> Connection::send_pages(const std::shared_ptr<Exchange>& exchange) {
  while (exchange->next_) {
    if (server_.bounds_.room_for_answers(peer_.uid) == 0) {
      co_await wait_for_room();
      if (closed_) co_return false;
      continue;
    }
    exchange->has_news_ = false;
    std::optional<Exchange::Page> page = exchange->next_page();
    if (const auto& failure = exchange->failure_) {
      const std::string refusal = varlink::error(exchange->call(), *failure);
      co_return co_await write(refusal);
    }
    if (!page) {
      waits_for_page_ = true;
      co_await wait_for_news();
      waits_for_page_ = false;
      if (closed_) co_return false;
      continue;
    }
    if (!page->more) exchange->next_ = nullptr;
    const std::string reply = varlink::reply(std::move(page->parameters), page->more);
    if (!co_await write(reply)) co_return false;
    if (!exchange->next_) co_return true;
    co_await wait_for_turn();
    if (closed_) co_return false;
  }
  co_return true;
}

std::optional<std::string> Connection::next_message() {
  const std::size_t end = received_.find('\0', std::max(read_, searched_));
  searched_ = std::min(end, received_.size());
  if (end == std::string::npos) return std::nullopt;
  std::string message = received_.substr(read_, end - read_);
  read_ = searched_ = end + 1;
  if (read_ == received_.size()) {
    received_.clear();
    if (use_.incoming > 0) received_.shrink_to_fit();
    read_ = searched_ = 0;
  }
  progress_made();
  return message;
}

bool Connection::is_too_large() const {
  const std::size_t end = received_.find('\0', std::max(read_, searched_));
  return std::min(end, received_.size()) - read_ > server_.limits_.message_bytes;
}

// Nothing: the client is gone, too slow, or sends too much.
asio::awaitable<std::optional<std::string>> Connection::read_message() {
  while (!closed_) {
    if (is_too_large()) {
      const std::string refusal = too_large(server_.limits_.message_bytes);
      co_await write(refusal);
      co_return std::nullopt;
    }
    if (auto message = next_message()) co_return message;
    const Received received = receive();
    if (received == Received::some) continue;
    if (received == Received::end) co_return std::nullopt;
    if (received == Received::no_room) {
      progress_made();  // The client is not to blame for this wait.
      co_await wait_for_room();
      continue;
    }
    if (!received_.empty() || *kept_) expect_progress(server_.limits_.message_time);
    boost::system::error_code failed;
    co_await socket_.async_wait(asio::socket_base::wait_read,
                                asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return std::nullopt;
  }
  co_return std::nullopt;
}

Connection::Received Connection::receive() {
  static std::array<char, kReadSize> buffer;  // There is one thread, and nothing stays in it.
  if (untaken_bytes() >= kReadSize && use_.incoming == 0) {
    const std::size_t most = server_.limits_.message_bytes;
    if (!server_.bounds_.has_room_for_call(peer_.uid, most)) return Received::no_room;
    hold_incoming(most);
  }
  received_.erase(0, read_);
  searched_ -= read_;
  read_ = 0;
  const ssize_t length = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
  if (length > 0) {
    received_.append(buffer.data(), static_cast<std::size_t>(length));
    return Received::some;
  }
  const bool again = length < 0 && (errno == EAGAIN || errno == EINTR);
  return again ? Received::nothing_yet : Received::end;
}

asio::awaitable<bool> Connection::write(std::string_view message, std::size_t counted) {
  const std::size_t size = message.size();
  hold_unread(size, counted);
  if (size == 0) co_return !closed_;
  server_.before_write_();
  writing_ = true;
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
  hold_unread(0, size);
  progress_made();
  co_return !closed_;
}

}  // namespace wm
