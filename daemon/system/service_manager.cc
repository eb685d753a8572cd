#include "daemon/system/service_manager.h"

#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

namespace wm {
namespace {

constexpr std::chrono::seconds kBetweenStatuses{1};

}  // namespace

ServiceManager::ServiceManager(boost::asio::io_context& loop)
    : ping_(loop), status_(loop), listens_(std::getenv("NOTIFY_SOCKET") != nullptr) {
  std::uint64_t limit = 0;  // Microseconds.
  if (::sd_watchdog_enabled(0, &limit) <= 0) return;
  interval_ = std::chrono::microseconds(limit) / 2;
  await_ping();
}

int ServiceManager::passed_socket() {
  if (::sd_listen_fds(0) <= 0) return -1;
  if (::sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_STREAM, 1) <= 0) {
    throw std::runtime_error(
        "systemd has passed something other than a listening stream socket: see wmd.socket");
  }
  ::fcntl(SD_LISTEN_FDS_START, F_SETFL, O_NONBLOCK);
  return SD_LISTEN_FDS_START;
}

void ServiceManager::ready() { tell("READY=1\n"); }

void ServiceManager::stopping() { ::sd_notify(0, "STOPPING=1"); }

void ServiceManager::turn_ended(std::size_t unfinished, std::size_t running) {
  counts_ = {unfinished, running};
  if (std::exchange(ping_due_, false)) {
    ::sd_notify(0, "WATCHDOG=1");
    await_ping();
  }
  if (!waits_ && counts_ != told_) tell("");
}

void ServiceManager::await_ping() {
  ping_.expires_after(interval_);
  ping_.async_wait([this](const boost::system::error_code& cancelled) { ping_due_ = !cancelled; });
}

void ServiceManager::tell(const char* state) {
  if (!listens_) return;
  told_ = counts_;
  waits_ = true;
  ::sd_notify(0, fmt::format("{}STATUS={} running, {} waiting", state, counts_.running,
                             counts_.unfinished - counts_.running)
                     .c_str());
  status_.expires_after(kBetweenStatuses);
  status_.async_wait([this](const boost::system::error_code&) { waits_ = false; });
}

}  // namespace wm
