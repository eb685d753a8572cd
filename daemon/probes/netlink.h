// The kernel's own announcements: netlink sockets, and their multicast groups as events.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <libmnl/libmnl.h>

namespace wm {

using NetlinkSocket = std::unique_ptr<mnl_socket, int (*)(mnl_socket*)>;

/// Opens a socket for requests of that family (NETLINK_ROUTE, …). Null: see errno.
NetlinkSocket open_netlink(int family);

/// While it exists, calls `changed` whenever a message of those groups has come for which
/// `concerns` is true. Messages lost from a full buffer count as well. If the kernel has no such
/// socket, the log says once that there are no events from `source`.
class NetlinkEvents {
 public:
  using Concerns = bool (*)(std::string_view message);

  NetlinkEvents(boost::asio::io_context& loop, int family, unsigned groups, const char* source,
                Concerns concerns, std::function<void()> changed);

 private:
  void listen();
  bool take();  // Reads everything that has come; returns whether any of it concerns us.

  Concerns concerns_;
  std::function<void()> changed_;
  boost::asio::posix::stream_descriptor events_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wm
