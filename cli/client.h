// One connection to a daemon: sends questions and waits for the answers.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <sys/types.h>

#include "core/error.h"

namespace wm::cli {

/// Translates the daemon's named errors, which its interface describes.
Error error_of(std::string_view name, const boost::json::object& parameters);

class Client {
 public:
  static Result<Client> connect(const std::string& socket);
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  ~Client();

  using OnReply = std::function<void(const boost::json::object&)>;

  /// The reply's parameters, or the daemon's error.
  Result<boost::json::object> call(std::string_view method, boost::json::object parameters);

  /// The same for answers in parts: `on_reply` gets each part.
  Result<> stream(std::string_view method, boost::json::object parameters, const OnReply& on_reply);

  // The parts of a call, for sending the next one before the answer to this one has come.

  /// `more`: its answer comes in parts.
  Result<> send(std::string_view method, boost::json::object parameters, bool more);
  /// The answer to the earliest call that has none yet.
  Result<boost::json::object> take_answer();
  /// The same for an answer in parts.
  Result<> take_answers(const OnReply& on_reply);

  /// Makes all further calls on behalf of that user; only root may.
  void act_for(uid_t owner) { owner_ = owner; }

  /// Sets the time by which every further answer must have come; timed_out() says whether one did
  /// not.
  void set_deadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }
  bool timed_out() const { return timed_out_; }

  /// Calls `on_silence` after each `period` in which an answer has not come.
  void set_on_silence(std::chrono::milliseconds period, std::function<void()> on_silence) {
    period_ = period;
    on_silence_ = std::move(on_silence);
  }

  int fd() const { return fd_; }

  /// While an answer has not come, calls `on_ready` each time that one of the other `fds` has
  /// something to read; from the first false on no more.
  void set_others(std::vector<int> fds, std::function<bool()> on_ready) {
    others_ = std::move(fds);
    on_other_ = std::move(on_ready);
  }

  /// True once the daemon has answered anything.
  bool heard() const { return heard_; }

 private:
  explicit Client(int fd) : fd_(fd) {}

  Result<boost::json::object> receive();
  Result<std::string> receive_message();
  bool wait_readable();

  int fd_;
  std::string received_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  bool timed_out_ = false;
  std::chrono::milliseconds period_{};
  std::function<void()> on_silence_;
  std::vector<int> others_;
  std::function<bool()> on_other_;
  bool heard_ = false;
  std::optional<uid_t> owner_;
};

}  // namespace wm::cli
