// One connection to a daemon: asks, and waits for the answers.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include <boost/json.hpp>
#include <sys/types.h>

#include "core/error.h"

namespace wm::cli {

class Client {
 public:
  static Result<Client> connect(const std::string& socket);
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  ~Client();

  using OnReply = std::function<void(const boost::json::object&)>;

  /// The reply's parameters, or the daemon's error.
  Result<boost::json::object> call(std::string_view method, boost::json::object parameters);

  /// The same for answers in parts: `on_reply` gets each.
  Result<> stream(std::string_view method, boost::json::object parameters, const OnReply& on_reply);

  /// From now on every call is on behalf of that user: for root.
  void act_for(uid_t owner) { owner_ = owner; }

  /// From now on every answer must be there by then; timed_out() says whether one was not.
  void set_deadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }
  bool timed_out() const { return timed_out_; }

  /// True once the daemon has answered anything.
  bool heard() const { return heard_; }

 private:
  explicit Client(int fd) : fd_(fd) {}

  Result<> send(std::string_view method, boost::json::object parameters, bool more);
  Result<boost::json::object> receive();
  Result<std::string> receive_message();
  bool wait_readable();

  int fd_;
  std::string received_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  bool timed_out_ = false;
  bool heard_ = false;
  std::optional<uid_t> owner_;
};

}  // namespace wm::cli
