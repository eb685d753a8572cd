#include "daemon/probes/network.h"

#include <algorithm>
#include <cstring>

#include <fnmatch.h>

namespace wm {
namespace {

bool matches_any(const std::string& interface, const std::vector<std::string>& patterns) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), interface.c_str(), 0) == 0;
  });
}

bool is_metered(const NetworkFacts& facts, std::optional<bool> told,
                const NetworkSettings& settings) {
  if (settings.metered != Metered::automatic) return settings.metered == Metered::yes;
  return told.value_or(matches_any(facts.interface, settings.metered_interfaces));
}

}  // namespace

NetworkJudgement judge_network(const NetworkFacts& facts, const std::optional<KnownNetwork>& known,
                               const NetworkSettings& settings) {
  if (facts.interface.empty()) return {{}, false, "rtnetlink", "no usable default route"};
  const auto before = known && known->interface == facts.interface ? known : std::nullopt;
  const auto& manager = facts.network_manager;
  const std::string over = "default route over " + facts.interface;
  if (!facts.answered || (manager && !manager->activated)) {
    const std::string what = !facts.answered ? ", being asked about" : ", being set up";
    if (!before) return {{}, false, "NetworkManager", facts.interface + what};
    return {before->reading, before->metered_by_manager, "NetworkManager", over + what};
  }
  if (manager && !manager->trouble.empty()) {
    return {{}, false, "NetworkManager", over + ", but its connectivity is " + manager->trouble};
  }
  if (facts.offline) return {{}, false, "systemd-networkd", over + ", but it is offline"};
  std::optional<bool> told;
  if (manager) {
    told = manager->metered;
  } else if (before && before->metered_by_manager) {
    told = before->reading.metered;
  }
  return {{true, is_metered(facts, told, settings), facts.roaming},
          told.has_value(),
          manager ? "NetworkManager" : "rtnetlink",
          over};
}

NetworkJudgement judge_reachability(NetworkJudgement judged, const std::string& target,
                                    std::optional<bool> reached, const std::string& trouble) {
  judged.detail += ", " + target + " is ";
  if (reached && *reached) {
    judged.detail += "reached";
    return judged;
  }
  judged.reading = {};
  judged.source = "reachability";
  judged.detail += reached ? "not reached: " + trouble : "being tried";
  return judged;
}

NetworkProbe::NetworkProbe(boost::asio::io_context& loop, Bus& bus, const NetworkSettings& settings,
                           Report report)
    : loop_(loop), bus_(bus), settings_(settings), report_(std::move(report)) {}

NetworkProbe::Sources::Sources(boost::asio::io_context& loop, Bus& bus,
                               const std::function<void()>& changed)
    : routes(watch_routes(loop, changed)),
      network_manager(bus, changed),
      networkd(bus, "org.freedesktop.network1", "/org/freedesktop/network1",
               "org.freedesktop.network1.Manager", changed),
      reachability(loop, changed) {}

void NetworkProbe::set_wanted(const Constraints& wanted) {
  if (!wanted.has(Constraint::network)) {
    sources_.reset();
    known_.reset();
  } else if (!sources_) {
    sources_ = std::make_unique<Sources>(loop_, bus_, [this] { measure(); });
    measure();
  }
}

void NetworkProbe::measure() {
  if (!sources_) return;
  const auto routes = read_routes();
  if (!routes) {
    report_({Constraint::network, std::monostate{}, "rtnetlink",
             std::string("cannot be read: ") + std::strerror(errno)});
    return;
  }
  const Link* out = route_out(routes->links, routes->routes);
  const NetworkFacts facts = ask_about(out ? out->name : "");
  NetworkJudgement judged = judge_network(facts, known_, settings_);
  known_.reset();
  if (judged.reading.connected) {
    known_ = KnownNetwork{facts.interface, judged.reading, judged.metered_by_manager};
  }
  Reachability& reachability = sources_->reachability;
  if (!judged.reading.connected || settings_.reachability.empty()) {
    reachability.forget();
  } else {
    const auto reached = reachability.reached(settings_.reachability, facts.interface);
    judged = judge_reachability(std::move(judged), settings_.reachability, reached,
                                reachability.trouble());
  }
  report_({Constraint::network, judged.reading, judged.source, judged.detail});
}

NetworkFacts NetworkProbe::ask_about(const std::string& interface) {
  NetworkManager& manager = sources_->network_manager;
  manager.look_at(interface);
  NetworkFacts facts;
  facts.interface = interface;
  facts.network_manager = manager.reading();
  facts.offline = sources_->networkd.text("OnlineState") == "offline";
  const bool mobile = (facts.network_manager && facts.network_manager->mobile) ||
                      interface.starts_with("ww") || interface.starts_with("ppp");
  auto& modems = sources_->modems;
  if (mobile && !modems) modems = std::make_unique<Modems>(bus_, [this] { measure(); });
  facts.roaming = mobile && modems->roaming();
  facts.answered =
      manager.answered() && sources_->networkd.answered() && (!mobile || modems->answered());
  return facts;
}

}  // namespace wm
