// The kernel's links, addresses and default routes, by rtnetlink.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "daemon/probes/netlink.h"

namespace wm {

struct Link {
  int index = 0;
  std::string name;
  bool loopback = false;
  bool up = false;       // Administratively.
  bool carrier = false;  // The other side is connected.
  bool address = false;  // It has an address of global scope.
};

struct DefaultRoute {
  int link = 0;
  std::uint32_t metric = 0;
};

/// The usable link of the default route with the lowest metric: up, with carrier and a global
/// address, no loopback.
const Link* route_out(std::span<const Link> links, std::span<const DefaultRoute> routes);

struct Routes {
  std::vector<Link> links;
  std::vector<DefaultRoute> routes;
};

/// Nothing: the kernel's tables cannot be read (errno).
std::optional<Routes> read_routes();

/// Calls `changed` after every change of those tables.
NetlinkEvents watch_routes(boost::asio::io_context& loop, std::function<void()> changed);

}  // namespace wm
