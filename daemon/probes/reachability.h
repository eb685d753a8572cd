// Tries a TCP connection to a host of the administrator's choice: a route and a lease are no proof
// of a way out.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace wm {

class Reachability {
 public:
  /// `changed` is called when there is an answer, and never from within a call of this.
  Reachability(boost::asio::io_context& loop, std::function<void()> changed);
  ~Reachability();
  Reachability(const Reachability&) = delete;
  Reachability& operator=(const Reachability&) = delete;

  /// Says if `target` (HOST:PORT) was reached over this interface; nothing: it is being tried. The
  /// answer is kept until either changes or forget() is called; a failure is retried from time to
  /// time.
  std::optional<bool> reached(const std::string& target, const std::string& interface);
  /// Says why it was not reached.
  const std::string& trouble() const { return trouble_; }

  /// The route is gone: forgets the answer.
  void forget();

 private:
  struct Attempt;

  void attempt();
  void conclude(const boost::system::error_code& problem);

  boost::asio::io_context& loop_;
  std::function<void()> changed_;
  std::string target_;
  std::string interface_;
  std::optional<bool> reached_;
  std::string trouble_;
  std::shared_ptr<Attempt> attempt_;
  boost::asio::steady_timer again_;
};

}  // namespace wm
