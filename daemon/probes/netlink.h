// The kernel's own word on what changes: netlink sockets, and their multicast groups as events.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <libmnl/libmnl.h>

namespace wm {

using NetlinkSocket = std::unique_ptr<mnl_socket, int (*)(mnl_socket*)>;

/// A socket of that family (NETLINK_ROUTE, …) which gets the messages of the multicast groups, a
/// bit each. `flags`: of socket(2), beside SOCK_CLOEXEC. Null: errno says why.
NetlinkSocket open_netlink(int family, int flags = 0, unsigned groups = 0);

/// Calls `changed` whenever a message of those groups has come that `concerns` us, while it lives.
/// A full buffer has lost some: they count as well. Where the kernel has no such socket, the log
/// says once that there are no events from `source`.
class NetlinkEvents {
 public:
  using Concerns = bool (*)(std::string_view message);

  NetlinkEvents(boost::asio::io_context& loop, int family, unsigned groups, const char* source,
                Concerns concerns, std::function<void()> changed);
  ~NetlinkEvents();

 private:
  void listen();
  bool take();  // Everything that has come: whether any of it concerns us.

  Concerns concerns_;
  std::function<void()> changed_;
  NetlinkSocket socket_;
  boost::asio::posix::stream_descriptor events_;  // The socket's; it does not close it.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wm
