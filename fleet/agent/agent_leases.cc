// How the agent keeps its leases, and gives up what it may not or cannot run.
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "core/json_fields.h"
#include "fleet/agent/agent.h"
#include "fleet/agent/boot_clock.h"

namespace wm::fleet {

namespace asio = boost::asio;
namespace json = boost::json;

// Renews all leases together once one is due, or once others' claims have ended, which may be ours.
asio::awaitable<void> Agent::renew() {
  const Duration sent = since_boot();
  const bool told = closed_at_ && sent >= *closed_at_;
  if (told) closed_at_.reset();
  if (held_.size() == 0 || !(told || held_.renewal_is_due(sent))) co_return;
  json::object said{{"claims", held_.leases()}};
  const auto answer = co_await ask("renew", std::move(said));
  if (!answer) co_return;
  const std::vector<std::string> lost = held_.renew(array_of(*answer, "pieces"), sent);
  closed_pause_.asked(sent, lost.empty());
  co_await feed();
  for (const std::string& name : lost) {
    spdlog::warn("'{}': the claim is not ours any more", name);
    co_await cancel(name);
  }
}

// Tells the daemon since when the leases count.
asio::awaitable<void> Agent::feed() {
  const auto by_renewal = held_.by_renewal();
  for (const auto& [renewed, names] : by_renewal) {
    if (!daemon_) co_return;
    json::array local;
    for (const std::string& name : names) local.emplace_back(local_name(name));
    json::object said{{"uniqueNames", std::move(local)}, {"sinceBootMs", renewed.count()}};
    const auto fed = co_await daemon_->call("KeepAlive", std::move(said));
    if (!fed && fed.error().code == ErrorCode::unreachable) {
      co_return lose_daemon(fed.error().message);
    }
    if (!fed) spdlog::warn("wmd does not watch the leases: {}", fed.error().message);
  }
}

// The job ends first: nobody else may have the claim while it could still start. Where only the
// lease was lost, the node may take the work again at once.
asio::awaitable<void> Agent::hand_back(std::vector<std::string> names) {
  json::array claims;
  for (const std::string& name : names) {
    const HeldClaim* const held = held_.find(name);
    if (!held) continue;
    if (held->overdue) {
      if (dirty_.contains(name)) continue;  // Its run is reported as that of the claim.
      ask_at_ = Duration::zero();
    } else {
      held_.decline(name, since_boot() + std::max(held->claim.hold, kDeclinedLeast));
    }
    if (held->is_running()) continue;  // It has begun meanwhile.
    claims.push_back({{"piece", held->claim.piece}, {"fence", held->claim.fence}});
    if (!held->state.empty()) co_await cancel(name);
    held_.drop(name);
  }
  if (claims.empty()) co_return;
  json::object said{{"claims", std::move(claims)}};
  static_cast<void>(co_await ask("hand_back", std::move(said)));
}

// Claims whose job has ended here without a result: its owner on this node has cancelled it, or the
// lease was lost.
asio::awaitable<void> Agent::drop_what_ended() {
  constexpr Duration kAfterCancel = 10min;  // Its owner here did not want it.
  std::vector<std::string> back;
  std::vector<std::string> gone;
  for (const auto& [name, held] : held_) {
    if (!held.has_ended() || dirty_.contains(name)) continue;
    (held.lost || held.unknown ? gone : back).push_back(name);
  }
  for (const std::string& name : gone) held_.drop(name);
  co_await hand_back(back);
  for (const std::string& name : back) held_.decline(name, since_boot() + kAfterCancel);
}

}  // namespace wm::fleet
