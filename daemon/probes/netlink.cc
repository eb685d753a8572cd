#include "daemon/probes/netlink.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <linux/netlink.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include "daemon/system/unique_fd.h"

namespace wm {

NetlinkSocket open_netlink(int family) {
  NetlinkSocket socket(mnl_socket_open2(family, SOCK_CLOEXEC), &mnl_socket_close);
  if (socket && mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) socket.reset();
  return socket;
}

namespace {

// libmnl's own calls require addresses that no mocked machine (umockdev) has. Only the kernel and
// root may send to these groups (netlink(7)).
int open_multicast(int family, unsigned groups) {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, family));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  return fd && ::bind(fd.get(), any, sizeof address) == 0 ? fd.release() : -1;
}

}  // namespace

NetlinkEvents::NetlinkEvents(boost::asio::io_context& loop, int family, unsigned groups,
                             const char* source, Concerns concerns, std::function<void()> changed)
    : concerns_(concerns), changed_(std::move(changed)), events_(loop) {
  if (const int fd = open_multicast(family, groups); fd >= 0) {
    events_.assign(fd);
    listen();
  } else {
    spdlog::warn("no events from {}: {}", source, std::strerror(errno));
  }
}

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
    const ssize_t length = ::recv(events_.native_handle(), buffer.data(), buffer.size(), 0);
    if (length > 0) {
      concerned = concerned || concerns_({buffer.data(), static_cast<std::size_t>(length)});
    } else if (length < 0 && errno == ENOBUFS) {
      concerned = true;  // Messages were lost.
    } else if (length == 0 || errno != EINTR) {
      return concerned;
    }
  }
}

}  // namespace wm
