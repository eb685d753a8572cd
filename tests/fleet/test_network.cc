#include "tests/fleet/test_network.h"

#include <array>
#include <future>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fcntl.h>

namespace wm::fleet {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

void keep_from_programs(int descriptor) { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

}  // namespace

TestNetwork::TestNetwork(const TestDatabase& fleet)
    : acceptor_(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      port_(acceptor_.local_endpoint().port()),
      changed_(loop_, asio::steady_timer::time_point::max()),
      database_((fleet.path() / "data/.s.PGSQL.5432").string()) {
  keep_from_programs(acceptor_.native_handle());
  asio::co_spawn(loop_, accept(), asio::detached);
  thread_ = std::jthread([this] { loop_.run(); });
}

TestNetwork::~TestNetwork() { loop_.stop(); }

std::string TestNetwork::address() const {
  return "host=127.0.0.1 port=" + std::to_string(port_) + " dbname=postgres";
}

void TestNetwork::Link::close(bool reset) {
  boost::system::error_code ignored;
  if (reset) static_cast<void>(node.set_option(asio::socket_base::linger(true, 0), ignored));
  // A program that was started meanwhile may have the descriptors, too.
  static_cast<void>(node.shutdown(asio::socket_base::shutdown_both, ignored));
  static_cast<void>(server.shutdown(asio::socket_base::shutdown_both, ignored));
  static_cast<void>(node.close(ignored));
  static_cast<void>(server.close(ignored));
}

// Returns once it has happened on the loop.
template <class Change>
void TestNetwork::change(Change what) {
  std::promise<void> done;
  asio::post(loop_, [&] {
    what();
    changed_.cancel();
    done.set_value();
  });
  done.get_future().wait();
}

void TestNetwork::stall(Way way) {
  change([&] {
    if (way != Way::to_node) to_database_ = false;
    if (way != Way::to_database) to_node_ = false;
  });
}

void TestNetwork::lose_answer_to(const std::string& text) {
  change([&] { lost_ = text; });
}

void TestNetwork::cut() {
  change([this] {
    cut_ = true;
    for (const auto& one : std::exchange(links_, {})) {
      if (const auto link = one.lock()) link->close(true);
    }
  });
}

void TestNetwork::go_on() {
  change([this] {
    to_database_ = to_node_ = true;
    cut_ = false;
    lost_.clear();
  });
}

asio::awaitable<void> TestNetwork::accept() {
  for (;;) {
    Node node = co_await acceptor_.async_accept(asio::use_awaitable);
    keep_from_programs(node.native_handle());
    if (!cut_) asio::co_spawn(loop_, connect(std::move(node)), asio::detached);
  }
}

// Returns once that way is open, or everything is cut.
asio::awaitable<void> TestNetwork::pass(Way way) {
  const bool& open = way == Way::to_database ? to_database_ : to_node_;
  while (!open && !cut_) {
    boost::system::error_code ignored;
    co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

asio::awaitable<void> TestNetwork::connect(Node node) {
  co_await pass(Way::to_database);
  if (cut_) co_return;
  Server server(loop_);
  boost::system::error_code failed;
  co_await server.async_connect(database_, asio::redirect_error(asio::use_awaitable, failed));
  if (failed || cut_) co_return;
  keep_from_programs(server.native_handle());
  auto link = std::make_shared<Link>(std::move(node), std::move(server));
  std::erase_if(links_, [](const auto& one) { return one.expired(); });
  links_.push_back(link);
  asio::co_spawn(loop_, carry(link, &Link::node, &Link::server, Way::to_database), asio::detached);
  asio::co_spawn(loop_, carry(link, &Link::server, &Link::node, Way::to_node), asio::detached);
}

template <class From, class To>
asio::awaitable<void> TestNetwork::carry(std::shared_ptr<Link> link, From Link::* from,
                                         To Link::* to, Way way) {
  std::array<char, 65'536> part{};
  boost::system::error_code failed;
  while (!failed) {
    std::size_t length =
        co_await ((*link).*from)
            .async_read_some(asio::buffer(part), asio::redirect_error(asio::use_awaitable, failed));
    co_await pass(way);
    if (failed) break;
    // What came meanwhile arrives with it.
    if (((*link).*from).available(failed) > 0) {
      length += ((*link).*from).read_some(asio::buffer(part) + length, failed);
    }
    if (failed) break;
    const std::string_view sent(part.data(), length);
    if (!lost_.empty() && sent.find(lost_) != std::string_view::npos) to_node_ = false;
    co_await asio::async_write((*link).*to, asio::buffer(part, length),
                               asio::redirect_error(asio::use_awaitable, failed));
  }
  link->close(false);
}

}  // namespace wm::fleet
