// Connectivity, from the kernel's routes and links by rtnetlink; and whether it is metered.
#pragma once

#include <span>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "config/settings.h"
#include "daemon/probes/network_manager.h"
#include "daemon/probes/probe.h"

namespace wm {

struct Link {
  int index = 0;
  std::string name;
  bool loopback = false;
  bool up = false;       // Administratively.
  bool carrier = false;  // The other side is there.
};

struct DefaultRoute {
  int link = 0;
  std::uint32_t metric = 0;
};

/// The usable link that a default route of the lowest metric leads over: up, with carrier, no
/// loopback.
const Link* route_out(std::span<const Link> links, std::span<const DefaultRoute> routes);

/// Whether traffic over that interface is to be spared. NetworkManager's word counts where it has
/// one.
bool is_metered(const std::string& interface, std::optional<bool> network_manager,
                const NetworkSettings& settings);

class NetworkProbe : public Probe {
 public:
  NetworkProbe(boost::asio::io_context& loop, const NetworkSettings& settings, Report report);

  void measure() override;
  void set_wanted(const Constraints& wanted) override;

 private:
  void listen();

  const NetworkSettings& settings_;
  Report report_;
  boost::asio::posix::stream_descriptor events_;
  NetworkManager network_manager_;
};

}  // namespace wm
