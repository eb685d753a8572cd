// Connectivity, and whether it should be spared: the kernel's routes, with the facts that
// NetworkManager, systemd-networkd and ModemManager add if they run.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "config/settings.h"
#include "daemon/probes/modems.h"
#include "daemon/probes/network_manager.h"
#include "daemon/probes/probe.h"
#include "daemon/probes/reachability.h"
#include "daemon/probes/routes.h"

namespace wm {

/// The known facts about the way out.
struct NetworkFacts {
  std::string interface;                                 // The default route's; "": there is none.
  bool answered = true;                                  // Everybody who is asked has answered.
  std::optional<NetworkManagerReading> network_manager;  // Set if it manages that interface.
  bool offline = false;                                  // systemd-networkd says so.
  bool roaming = false;  // A modem is registered with a foreign network.
};

/// Earlier facts about the same interface, whose default route has stayed since.
struct KnownNetwork {
  std::string interface;
  NetworkReading reading;
  bool metered_by_manager = false;
};

/// NetworkManager may start, restart or end while the connection stays: its last answer counts
/// until it gives another one, or the route goes. A new route counts once it is set up.
struct NetworkJudgement {
  NetworkReading reading;
  bool metered_by_manager = false;
  std::string source;
  std::string detail;
};
NetworkJudgement judge_network(const NetworkFacts& facts, const std::optional<KnownNetwork>& known,
                               const NetworkSettings& settings);

/// The same if `target` must be reached. `reached` is nothing while that is being tried; `trouble`
/// says why it was not.
NetworkJudgement judge_reachability(NetworkJudgement judged, const std::string& target,
                                    std::optional<bool> reached, const std::string& trouble);

class NetworkProbe : public Probe {
 public:
  NetworkProbe(boost::asio::io_context& loop, Bus& bus, const NetworkSettings& settings,
               Report report);

  void set_wanted(const Constraints& wanted) override;
  void measure() override;

 private:
  /// The services that are asked while a job needs the network.
  struct Sources {
    Sources(boost::asio::io_context& loop, Bus& bus, const std::function<void()>& changed);

    NetlinkEvents routes;
    NetworkManager network_manager;
    BusObject networkd;
    std::unique_ptr<Modems> modems;  // Set only if a modem leads out.
    Reachability reachability;
  };

  NetworkFacts ask_about(const std::string& interface);

  boost::asio::io_context& loop_;
  Bus& bus_;
  const NetworkSettings& settings_;
  Report report_;
  std::unique_ptr<Sources> sources_;
  std::optional<KnownNetwork> known_;
};

}  // namespace wm
