#include "daemon/probes/reachability.h"

#include <boost/asio/connect.hpp>

namespace wm {
namespace {

constexpr std::chrono::seconds kConnectPatience{5};
constexpr std::chrono::minutes kBetweenAttempts{1};

using boost::asio::ip::tcp;
using boost::system::error_code;

}  // namespace

// State for its handlers; it ends once the probe has released it.
struct Reachability::Attempt {
  explicit Attempt(boost::asio::io_context& loop) : resolver(loop), socket(loop), patience(loop) {}

  void abandon() {
    over = true;
    resolver.cancel();
    error_code none;
    static_cast<void>(socket.close(none));
  }
  void end() {
    abandon();
    patience.cancel();
  }

  tcp::resolver resolver;
  tcp::socket socket;
  boost::asio::steady_timer patience;
  bool over = false;
};

Reachability::Reachability(boost::asio::io_context& loop, std::function<void()> changed)
    : loop_(loop), changed_(std::move(changed)), again_(loop) {}

Reachability::~Reachability() {
  if (attempt_) attempt_->abandon();
}

std::optional<bool> Reachability::reached(const std::string& target, const std::string& interface) {
  if (target != target_ || interface != interface_) {
    forget();
    target_ = target;
    interface_ = interface;
  }
  if (!reached_ && !attempt_) attempt();
  return reached_;
}

void Reachability::forget() {
  if (attempt_) std::exchange(attempt_, nullptr)->end();
  again_.cancel();
  reached_.reset();
  trouble_.clear();
  target_.clear();
}

void Reachability::attempt() {
  const auto now = attempt_ = std::make_shared<Attempt>(loop_);
  const auto conclude = [this, now](const error_code& problem) {
    if (!now->over) this->conclude(problem);
  };
  now->patience.expires_after(kConnectPatience);
  now->patience.async_wait([conclude](const error_code& cancelled) {
    if (!cancelled) conclude(boost::asio::error::timed_out);
  });
  const std::size_t colon = target_.rfind(':');
  std::string host = target_.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  now->resolver.async_resolve(
      host, target_.substr(colon + 1),
      [now, conclude](const error_code& problem, const tcp::resolver::results_type& found) {
        if (problem || now->over) return conclude(problem);
        boost::asio::async_connect(
            now->socket, found,
            [conclude](const error_code& failed, const tcp::endpoint&) { conclude(failed); });
      });
}

void Reachability::conclude(const error_code& problem) {
  std::exchange(attempt_, nullptr)->end();
  const bool reached = !problem;
  const bool news = reached_ != reached;
  reached_ = reached;
  trouble_ = problem ? problem.message() : "";
  if (!reached) {
    again_.expires_after(kBetweenAttempts);
    again_.async_wait([this](const error_code& cancelled) {
      if (!cancelled && !attempt_) attempt();
    });
  }
  if (news) changed_();
}

}  // namespace wm
