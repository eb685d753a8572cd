// The dialogue between the daemon and systemd, if systemd started it.
#pragma once

#include <chrono>
#include <cstddef>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace wm {

class ServiceManager {
 public:
  explicit ServiceManager(boost::asio::io_context& loop);

  /// The socket that systemd has made for us (wmd.socket), non-blocking; -1: there is none. Throws
  /// std::runtime_error if it is no listening socket.
  static int passed_socket();

  void ready();
  void stopping();

  /// Answers the watchdog at the end of a turn if it is time, because a whole turn went well; and
  /// updates the text of `systemctl status`, at most once a second.
  void turn_ended(std::size_t unfinished, std::size_t running);

 private:
  struct Counts {
    std::size_t unfinished = 0;
    std::size_t running = 0;
    bool operator==(const Counts&) const = default;
  };
  void await_ping();
  void tell(const char* state);

  boost::asio::steady_timer ping_;
  boost::asio::steady_timer status_;
  std::chrono::microseconds interval_{};  // The time between answers to the watchdog; 0: none.
  bool ping_due_ = false;
  bool listens_;  // True if systemd wants to be told.
  Counts counts_;
  Counts told_;
  bool waits_ = false;  // It was told less than a second ago.
};

}  // namespace wm
