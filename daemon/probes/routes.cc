#include "daemon/probes/routes.h"

#include <algorithm>

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

namespace wm {
namespace {

template <class Take>
void each_attribute(const nlmsghdr* message, std::size_t header_size, Take take) {
  const auto* end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(message));
  const auto* attribute =
      static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(message, header_size));
  while (mnl_attr_ok(attribute, static_cast<int>(end - reinterpret_cast<const char*>(attribute)))) {
    take(attribute);
    attribute = mnl_attr_next(attribute);
  }
}

int take_link(const nlmsghdr* message, void* target) {
  const auto* info = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  Link link;
  link.index = info->ifi_index;
  link.loopback = (info->ifi_flags & IFF_LOOPBACK) != 0;
  link.up = (info->ifi_flags & IFF_UP) != 0;
  link.carrier = (info->ifi_flags & IFF_LOWER_UP) != 0;
  each_attribute(message, sizeof(*info), [&](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == IFLA_IFNAME) link.name = mnl_attr_get_str(attribute);
  });
  static_cast<std::vector<Link>*>(target)->push_back(std::move(link));
  return MNL_CB_OK;
}

int take_route(const nlmsghdr* message, void* target) {
  const auto* info = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  if (info->rtm_dst_len != 0 || info->rtm_type != RTN_UNICAST) return MNL_CB_OK;
  DefaultRoute route;
  each_attribute(message, sizeof(*info), [&](const nlattr* attribute) {
    const auto type = mnl_attr_get_type(attribute);
    if (type == RTA_OIF) route.link = static_cast<int>(mnl_attr_get_u32(attribute));
    if (type == RTA_PRIORITY) route.metric = mnl_attr_get_u32(attribute);
  });
  static_cast<std::vector<DefaultRoute>*>(target)->push_back(route);
  return MNL_CB_OK;
}

// Reads one kernel table; every entry goes to `take`. False: it could not be read.
bool dump(std::uint16_t type, mnl_cb_t take, void* target) {
  const NetlinkSocket socket = open_netlink(NETLINK_ROUTE);
  if (!socket) return false;
  std::vector<char> buffer(32'768);
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = type;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  mnl_nlmsg_put_extra_header(request, type == RTM_GETLINK ? sizeof(ifinfomsg) : sizeof(rtmsg));
  if (mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0) return false;
  int state = MNL_CB_OK;
  while (state > MNL_CB_STOP) {
    const ssize_t length = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
    if (length < 0) return false;
    state = mnl_cb_run(buffer.data(), static_cast<std::size_t>(length), 0,
                       mnl_socket_get_portid(socket.get()), take, target);
  }
  return state == MNL_CB_STOP;
}

int take_address(const nlmsghdr* message, void* target) {
  const auto* info = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
  if (info->ifa_scope != RT_SCOPE_UNIVERSE) return MNL_CB_OK;
  auto& links = *static_cast<std::vector<Link>*>(target);
  const auto link = std::ranges::find(links, static_cast<int>(info->ifa_index), &Link::index);
  if (link != links.end()) link->address = true;
  return MNL_CB_OK;
}

}  // namespace

const Link* route_out(std::span<const Link> links, std::span<const DefaultRoute> routes) {
  const Link* best = nullptr;
  std::uint32_t metric = 0;
  for (const DefaultRoute& route : routes) {
    const auto link = std::ranges::find(links, route.link, &Link::index);
    if (link == links.end() || link->loopback || !link->up || !link->carrier || !link->address) {
      continue;
    }
    if (best && route.metric >= metric) continue;
    best = &*link;
    metric = route.metric;
  }
  return best;
}

std::optional<Routes> read_routes() {
  Routes now;
  if (!dump(RTM_GETLINK, take_link, &now.links) || !dump(RTM_GETADDR, take_address, &now.links) ||
      !dump(RTM_GETROUTE, take_route, &now.routes)) {
    return std::nullopt;
  }
  return now;
}

NetlinkEvents watch_routes(boost::asio::io_context& loop, std::function<void()> changed) {
  constexpr unsigned kGroups =
      RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  // The events themselves are not read: the tables are.
  const auto any = [](std::string_view) { return true; };
  return {loop, NETLINK_ROUTE, kGroups, "the network", any, std::move(changed)};
}

}  // namespace wm
