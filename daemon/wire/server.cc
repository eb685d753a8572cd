#include "daemon/wire/server.h"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/check.h"
#include "core/json_reader.h"
#include "daemon/system/handover.h"
#include "daemon/system/unique_fd.h"
#include "daemon/wire/connection.h"

namespace wm {

namespace asio = boost::asio;

void Exchange::stream(NextPage next) {
  Page first = checked(next(), "a stream has a first page");
  next_ = first.more && call_.more ? std::move(next) : nullptr;
  answer(varlink::reply(std::move(first.parameters), static_cast<bool>(next_)));
}

void Exchange::fail(const Error& problem) {
  if (!message_) return error(problem);
  failure_ = problem;
  go_on();
}

std::optional<Exchange::Page> Exchange::next_page() {
  if (failure_) return std::nullopt;
  try {
    return next_();
  } catch (const std::exception& e) {
    failure_ = error_of(e);
    return std::nullopt;
  }
}

Error error_of(const std::exception& problem) {
  spdlog::error("a call could not be answered: {}", problem.what());
  return {ErrorCode::failed, std::string("wmd could not answer: ") + problem.what()};
}

void Exchange::answer(std::string message) {
  if (message_) return;
  message_ = std::move(message);
  if (!abandoned_) answered_();
}

Server::Server(asio::io_context& loop, int listener, ServerLimits limits, OnCalls on_calls,
               BeforeWrite before_write, MayBeTogether may_be_together)
    : acceptor_(loop, asio::local::stream_protocol(), listener),
      limits_(limits),
      on_calls_(std::move(on_calls)),
      before_write_(std::move(before_write)),
      may_be_together_(std::move(may_be_together)),
      bounds_(limits.clients) {
  asio::co_spawn(loop, accept_all(), asio::detached);
}

// Closing may fail for lack of memory: then the program ends here, as it was about to.
Server::~Server() {  // NOLINT(bugprone-exception-escape)
  while (!connections_.empty()) connections_.front()->close();
}

asio::awaitable<void> Server::accept_all() {
  for (;;) {
    boost::system::error_code problem;
    auto socket =
        co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, problem));
    if (problem == asio::error::operation_aborted) co_return;
    if (!problem) {
      add(std::move(socket));
      continue;
    }
    spdlog::warn("cannot accept a connection: {}", problem.message());
    // Out of descriptors or memory: close the quietest connection, and let others close theirs.
    make_room(std::nullopt);
    asio::steady_timer pause(acceptor_.get_executor(), std::chrono::milliseconds(100));
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, problem));
  }
}

// A connection for which there is no memory is cut off, and the next one is accepted.
void Server::add(asio::local::stream_protocol::socket socket) {
  try {
    const auto connection = std::make_shared<Connection>(*this, std::move(socket));
    if (const auto room = make_room_for(connection->user()); !room) {
      ++refused_;
      return connection->refuse(room.error());
    }
    insert(connection);
  } catch (const std::exception& e) {
    spdlog::warn("a connection is cut off: {}", e.what());
  }
}

void Server::insert(const std::shared_ptr<Connection>& connection) {
  connection->place(connections_.insert(connections_.end(), connection));
  connection->start();
}

void Server::hold_calls(bool holds) { holding_ = holds; }

bool Server::can_hand_over() const {
  return std::ranges::all_of(connections_, [](const auto& one) { return one->can_hand_over(); });
}

boost::json::object Server::hand_over(Handover& handover) {
  boost::json::array list;
  const auto connections = connections_;
  for (const auto& connection : connections) {
    if (connection->can_hand_over()) {
      list.push_back(connection->hand_over(handover));
    } else {
      connection->close();
    }
  }
  const int listener = acceptor_.native_handle();
  handover.keep(listener);
  return {{"listener", listener}, {"connections", std::move(list)}};
}

void Server::take_over(const boost::json::object& handed) {
  boost::json::array list;
  JsonReader(handed).read("connections", list);
  for (const boost::json::value& one : list) {
    insert(Connection::take_over(*this, acceptor_.get_executor(), one.as_object()));
  }
}

Result<> Server::make_room_for(uid_t newcomer) {
  const ClientLimits& limits = bounds_.limits();
  const auto full = [](const char* whose, std::size_t most, const char* setting) {
    return fail(ErrorCode::refused,
                std::string(whose) + std::to_string(most) +
                    " connections to wmd, and all wait for answers: end some of them, or raise "
                    "limits." +
                    setting);
  };
  const std::size_t most = bounds_.most_connections(newcomer);
  if (bounds_.of(newcomer).connections >= most && !close_quietest_of(newcomer, false)) {
    return full("you have ", most, newcomer == 0 ? "max_connections_total" : "max_connections");
  }
  if (connections_.size() >= limits.max_connections_total && !make_room(newcomer)) {
    return full("there are ", limits.max_connections_total, "max_connections_total");
  }
  return {};
}

bool Server::make_room(std::optional<uid_t> newcomer) {
  const auto most = std::ranges::max_element(
      bounds_.users(), {}, [](const auto& one) { return one.second.connections; });
  if (most == bounds_.users().end()) return false;
  const uid_t greediest = most->first;
  return close_quietest_of(greediest, false) ||
         (newcomer && *newcomer != greediest && close_quietest_of(greediest, true));
}

bool Server::close_quietest_of(uid_t user, bool busy) {
  const auto found = std::ranges::find_if(
      connections_, [&](const auto& one) { return one->user() == user && one->busy() == busy; });
  if (found == connections_.end()) return false;
  ++refused_;
  (*found)->close();
  return true;
}

void Server::set_limits(const ClientLimits& limits) {
  bounds_.set_limits(limits);
  wake_those_without_room();
}

void Server::change_use(uid_t user, const ClientUse& before, const ClientUse& now) {
  bounds_.change(user, before, now);
  if (now.unread >= before.unread && now.incoming >= before.incoming) return;
  wake_those_without_room();
}

void Server::wake_those_without_room() {
  for (const auto& waiting : std::exchange(without_room_, {})) {
    if (const auto connection = waiting.lock()) connection->wake();
  }
}

bool Server::take_calls() {
  let_pages_go_on();
  if (holding_) return false;
  const std::size_t most = calls_.size() > 1 ? limits_.calls_per_turn : limits_.calls_alone;
  bool all_taken = true;
  for (auto user = calls_.begin(); user != calls_.end();) {
    all_taken = take_calls_of(user->first, user->second, most) && all_taken;
    user = user->second.empty() ? calls_.erase(user) : std::next(user);
  }
  return !all_taken;
}

// Each of the user's connections gets an equal part of the turn's share.
bool Server::take_calls_of(uid_t user, Queue& waiting, std::size_t most) {
  TurnShare left{most, limits_.bytes_per_turn, bounds_.room_for_answers(user)};
  while (!left.used_up() && !waiting.empty()) {
    const auto connection = waiting.front().lock();
    const std::size_t calls = std::max<std::size_t>(left.calls / waiting.size(), 1);
    waiting.pop_front();
    if (!connection || !connection->has_call()) continue;
    left = left.less(connection->take_calls({calls, left.bytes, left.room}));
  }
  // Without room they wait for the turn that makes some.
  return waiting.empty() || bounds_.room_for_answers(user) == 0;
}

void Server::let_pages_go_on() {
  for (auto user = pages_.begin(); user != pages_.end();) {
    Queue& waiting = user->second;
    for (std::size_t woken = 0; woken < limits_.pages_per_turn && !waiting.empty();) {
      const auto connection = waiting.front().lock();
      waiting.pop_front();
      if (!connection) continue;
      connection->let_page_go_on();
      ++woken;
    }
    user = waiting.empty() ? pages_.erase(user) : std::next(user);
  }
}

Result<int> listen_at(const std::string& path, mode_t mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::invalid, "the socket's path is too long: " + path + " has " +
                                        std::to_string(path.size()) + " bytes, at most " +
                                        std::to_string(sizeof address.sun_path - 1) +
                                        " fit; choose another with --socket");
  }
  path.copy(address.sun_path, path.size());
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  const auto failed = [&](const std::string& what) {
    return fail(ErrorCode::failed, "cannot " + what + " " + path + ": " + std::strerror(errno));
  };
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return failed("make a socket for");
  if (::connect(listener.get(), where, sizeof address) == 0) {
    return fail(ErrorCode::refused, "another daemon answers at " + path);
  }
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) {
      return fail(ErrorCode::invalid, path + " exists and is not a socket");
    }
    if (::unlink(path.c_str()) != 0) return failed("remove the old socket");
  }
  listener.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return failed("make a socket for");
  const mode_t before = ::umask(0777 & ~mode);
  const int bound = ::bind(listener.get(), where, sizeof address);
  ::umask(before);
  if (bound != 0) return failed("bind");
  if (::listen(listener.get(), SOMAXCONN) != 0) return failed("listen at");
  return listener.release();
}

}  // namespace wm
