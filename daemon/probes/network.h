// Connectivity, and whether it is to be spared: the kernel's routes, with what NetworkManager,
// systemd-networkd and ModemManager say of them where they run.
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

/// What is known of the way out.
struct NetworkFacts {
  std::string interface;  // That of the default route; "": there is none.
  bool answered = true;   // Whoever is asked has answered.
  std::optional<NetworkManagerReading> network_manager;  // Where it manages that interface.
  bool offline = false;                                  // systemd-networkd says so.
  bool roaming = false;                                  // A modem does, with a foreign network.
};

/// What was known of the same interface before, through a default route that has stayed since.
struct KnownNetwork {
  std::string interface;
  NetworkReading reading;
  bool metered_by_manager = false;
};

/// NetworkManager may start, restart or end while the connection stays: what it said last counts
/// until it says something else, or the route goes. A new route counts once it is set up.
struct NetworkJudgement {
  NetworkReading reading;
  bool metered_by_manager = false;
  std::string source;
  std::string detail;
};
NetworkJudgement judge_network(const NetworkFacts& facts, const std::optional<KnownNetwork>& known,
                               const NetworkSettings& settings);

/// The same where `target` has to be reached: `reached` is nothing as long as that is being tried,
/// `trouble` says why it was not.
NetworkJudgement judge_reachability(NetworkJudgement judged, const std::string& target,
                                    std::optional<bool> reached, const std::string& trouble);

class NetworkProbe : public Probe {
 public:
  NetworkProbe(boost::asio::io_context& loop, Bus& bus, const NetworkSettings& settings,
               Report report);

  void set_wanted(const Constraints& wanted) override;
  void measure() override;

 private:
  /// Those who are asked while any work needs the network.
  struct Sources {
    Sources(boost::asio::io_context& loop, Bus& bus, const std::function<void()>& changed);

    NetlinkEvents routes;
    NetworkManager network_manager;
    BusObject networkd;
    std::unique_ptr<Modems> modems;  // Only where a modem leads out.
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
