#include "daemon/probes/network.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include <fnmatch.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

namespace wm {
namespace {

using Socket = std::unique_ptr<mnl_socket, int (*)(mnl_socket*)>;

// What an event says is not read: it only tells that the tables are to be read anew.
int open_route_events() {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups =
      RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

void drain(int fd) {
  std::array<char, 8192> buffer;
  for (;;) {
    const ssize_t length = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (length == 0 || (length < 0 && errno != ENOBUFS && errno != EINTR)) return;
  }
}

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

// One dump of a kernel table; every entry goes to `take`. False: it could not be read.
bool dump(std::uint16_t type, mnl_cb_t take, void* target) {
  const Socket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC), &mnl_socket_close);
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) return false;
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

}  // namespace

const Link* route_out(std::span<const Link> links, std::span<const DefaultRoute> routes) {
  const Link* best = nullptr;
  std::uint32_t metric = 0;
  for (const DefaultRoute& route : routes) {
    const auto link = std::ranges::find(links, route.link, &Link::index);
    if (link == links.end() || link->loopback || !link->up || !link->carrier) continue;
    if (best && route.metric >= metric) continue;
    best = &*link;
    metric = route.metric;
  }
  return best;
}

bool is_metered(const std::string& interface, std::optional<bool> network_manager,
                const NetworkSettings& settings) {
  switch (settings.metered) {
    case Metered::yes:
      return true;
    case Metered::no:
      return false;
    case Metered::automatic:
      break;
  }
  if (network_manager) return *network_manager;
  return std::ranges::any_of(settings.metered_interfaces, [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), interface.c_str(), 0) == 0;
  });
}

NetworkProbe::NetworkProbe(boost::asio::io_context& loop, const NetworkSettings& settings,
                           Report report)
    : settings_(settings),
      report_(std::move(report)),
      events_(loop),
      network_manager_(loop, [this] { measure(); }) {
  if (const int fd = open_route_events(); fd >= 0) {
    events_.assign(fd);
    listen();
  } else {
    spdlog::warn("no events from the network: {}", std::strerror(errno));
  }
}

void NetworkProbe::listen() {
  events_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                     [this](const boost::system::error_code& closed) {
                       if (closed) return;
                       drain(events_.native_handle());
                       measure();
                       listen();
                     });
}

void NetworkProbe::measure() {
  std::vector<Link> links;
  std::vector<DefaultRoute> routes;
  if (!dump(RTM_GETLINK, take_link, &links) || !dump(RTM_GETROUTE, take_route, &routes)) {
    report_({ConditionName::network, std::monostate{}, "rtnetlink",
             std::string("cannot be read: ") + std::strerror(errno)});
    return;
  }
  const Link* out = route_out(links, routes);
  if (!out) {
    report_({ConditionName::network, NetworkReading{}, "rtnetlink", "no usable default route"});
    return;
  }
  const auto metered = network_manager_.metered();
  report_({ConditionName::network,
           NetworkReading{.connected = true, .metered = is_metered(out->name, metered, settings_)},
           metered ? "rtnetlink, NetworkManager" : "rtnetlink", "default route over " + out->name});
}

void NetworkProbe::set_wanted(const Constraints& wanted) {
  if (wanted.network != NetworkType::not_required) network_manager_.watch();
}

}  // namespace wm
