#include "daemon/probes/netlink.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <spdlog/spdlog.h>
#include <sys/socket.h>

namespace wm {

NetlinkSocket open_netlink(int family, int flags, unsigned groups) {
  NetlinkSocket socket(mnl_socket_open2(family, SOCK_CLOEXEC | flags), &mnl_socket_close);
  if (socket && mnl_socket_bind(socket.get(), groups, MNL_SOCKET_AUTOPID) < 0) socket.reset();
  return socket;
}

NetlinkEvents::NetlinkEvents(boost::asio::io_context& loop, int family, unsigned groups,
                             const char* source, Concerns concerns, std::function<void()> changed)
    : concerns_(concerns),
      changed_(std::move(changed)),
      socket_(open_netlink(family, SOCK_NONBLOCK, groups)),
      events_(loop) {
  if (socket_) {
    events_.assign(mnl_socket_get_fd(socket_.get()));
    listen();
  } else {
    spdlog::warn("no events from {}: {}", source, std::strerror(errno));
  }
}

NetlinkEvents::~NetlinkEvents() { events_.release(); }

void NetlinkEvents::listen() {
  events_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                     [this, alive = std::weak_ptr(alive_)](const boost::system::error_code&) {
                       if (alive.expired()) return;
                       if (take()) changed_();
                       listen();
                     });
}

bool NetlinkEvents::take() {
  std::array<char, 8192> buffer;
  bool concerned = false;
  for (;;) {
    const ssize_t length = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
    if (length > 0) {
      concerned = concerned || concerns_({buffer.data(), static_cast<std::size_t>(length)});
    } else if (length < 0 && (errno == ENOBUFS || errno == ENOSPC)) {
      concerned = true;  // Messages were lost, or this one is larger than the buffer.
    } else if (length == 0 || errno != EINTR) {
      return concerned;
    }
  }
}

}  // namespace wm
