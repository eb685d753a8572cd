#include "fleet/agent/held_claims.h"

#include <algorithm>
#include <set>

#include "core/json_fields.h"

namespace wm::fleet {

namespace json = boost::json;

bool HeldClaim::has_ended() const {
  return state == "cancelled" || state == "succeeded" || state == "failed";
}

Duration HeldClaim::renewal() const {
  if (!renewed) return Duration::zero();
  return *renewed + lease_times(claim.lease, claim.request.stop_grace).renew_after;
}

std::optional<Duration> HeldClaim::hand_back_at() const {
  // A job whose conditions hold has this long to start, whatever its claim's time to wait.
  constexpr Duration kToStart = 2s;
  if (!waits) return std::nullopt;
  if (overdue) return waits;  // Nothing starts the job again for as long as the claim can last.
  return *waits + std::max(claim.hold, kToStart);
}

void HeldClaim::set_state(std::string now_is, Duration now) {
  const auto times = lease_times(claim.lease, claim.request.stop_grace);
  overdue = now_is == "enqueued" &&
            (overdue || (is_running() && renewed && now >= *renewed + times.watchdog));
  state = std::move(now_is);
  if (state != "enqueued") {
    waits.reset();
  } else if (!waits) {
    waits = now;
  }
}

void Origins::add(const std::string& name, const std::string& job, const Origin& origin) {
  constexpr std::size_t kMostNames = 10'000;
  constexpr std::size_t kMostOfAName = 8;
  if (jobs_.size() >= kMostNames) jobs_.clear();
  auto& jobs = jobs_[name];
  std::erase_if(jobs, [&](const auto& known) { return known.first == job; });
  jobs.emplace_back(job, origin);
  if (jobs.size() > kMostOfAName) jobs.erase(jobs.begin());
}

const Origin* Origins::find(const std::string& name, const std::string& job) const {
  const auto found = jobs_.find(name);
  if (found == jobs_.end()) return nullptr;
  const auto known = std::ranges::find(found->second, job, &std::pair<std::string, Origin>::first);
  return known == found->second.end() ? nullptr : &known->second;
}

HeldClaim* HeldClaims::find(const std::string& name) {
  const auto found = held_.find(name);
  return found == held_.end() ? nullptr : &found->second;
}

const HeldClaim* HeldClaims::find(const std::string& name) const {
  const auto found = held_.find(name);
  return found == held_.end() ? nullptr : &found->second;
}

void HeldClaims::add(Claim claim, Duration sent) {
  const std::string name = claim.name;
  HeldClaim held;
  held.claim = std::move(claim);
  held.renewed = sent;
  held_.insert_or_assign(name, std::move(held));
}

void HeldClaims::recover(const std::string& name, const Origin& origin, std::string state,
                         std::string id, Duration now) {
  HeldClaim& held = held_[name];
  if (held.claim.fence != origin.fence) {
    held = {};
    held.claim.piece = *origin.piece;
    held.claim.fence = origin.fence;
    held.claim.name = name;
    held.unknown = true;
  }
  held.id = std::move(id);
  held.set_state(std::move(state), now);
}

void HeldClaims::keep_only(const std::set<std::string>& names) {
  std::erase_if(held_, [&](const auto& pair) { return !names.contains(pair.first); });
}

std::vector<std::string> HeldClaims::confirm(const json::array& claims) {
  for (const json::value& value : claims) {
    auto claim = claim_from_json(value.as_object());
    HeldClaim* const held = claim ? find(claim->name) : nullptr;
    if (!held) continue;
    held->claim = std::move(*claim);
    held->unknown = false;
  }
  std::vector<std::string> lost;
  for (auto& [name, held] : held_) {
    if (!held.unknown || held.lost) continue;
    held.lost = true;
    if (!held.has_ended()) lost.push_back(name);
  }
  return lost;
}

void HeldClaims::drop(const std::string& name) {
  const auto found = held_.find(name);
  if (found == held_.end()) return;
  former_[name] = found->second.id;
  held_.erase(found);
}

bool HeldClaims::is_former(const std::string& name, const std::string& job) const {
  const auto found = former_.find(name);
  return found != former_.end() && found->second == job;
}

bool HeldClaims::renewal_is_due(Duration now) const {
  return std::ranges::any_of(held_, [&](const auto& pair) {
    const HeldClaim& held = pair.second;
    return !held.lost && now >= held.renewal();
  });
}

json::array HeldClaims::leases() const {
  json::array claims;
  for (const auto& [name, held] : held_) {
    if (held.lost) continue;
    claims.push_back(
        {{"piece", held.claim.piece}, {"fence", held.claim.fence}, {"running", held.is_running()}});
  }
  return claims;
}

std::vector<std::string> HeldClaims::renew(const json::array& pieces, Duration sent) {
  std::set<std::int64_t> kept;
  for (const json::value& piece : pieces) kept.insert(piece.to_number<std::int64_t>());
  std::vector<std::string> lost;
  for (auto& [name, held] : held_) {
    if (held.lost) continue;
    if (kept.contains(held.claim.piece)) {
      held.renewed = sent;
    } else {
      held.lost = true;
      if (!held.has_ended()) lost.push_back(name);
    }
  }
  return lost;
}

std::map<Duration, std::vector<std::string>> HeldClaims::by_renewal() const {
  std::map<Duration, std::vector<std::string>> names;
  for (const auto& [name, held] : held_) {
    if (!held.lost && !held.state.empty() && held.renewed) names[*held.renewed].push_back(name);
  }
  return names;
}

std::vector<std::string> HeldClaims::to_hand_back(Duration now) const {
  std::vector<std::string> names;
  for (const auto& [name, held] : held_) {
    const auto time = held.hand_back_at();
    if (time && now >= *time && !held.lost) names.push_back(name);
  }
  return names;
}

std::optional<Duration> HeldClaims::next_time() const {
  std::optional<Duration> next;
  for (const auto& [name, held] : held_) {
    if (held.lost) continue;
    Duration time = held.renewal();
    if (const auto back = held.hand_back_at()) time = std::min(time, *back);
    next = std::min(next.value_or(time), time);
  }
  return next;
}

bool HeldClaims::wants(const std::string& name, Duration now) const {
  const auto declined = declined_.find(name);
  return !held_.contains(name) && (declined == declined_.end() || now >= declined->second);
}

std::optional<Duration> HeldClaims::wanted_again() const {
  std::optional<Duration> first;
  for (const auto& [name, until] : declined_) first = std::min(first.value_or(until), until);
  return first;
}

std::vector<std::string> HeldClaims::unwanted(Duration now) {
  std::erase_if(declined_, [&](const auto& pair) { return now >= pair.second; });
  std::vector<std::string> names;
  for (const auto& [name, until] : declined_) names.push_back(name);
  for (const auto& [name, held] : held_) names.push_back(name);
  return names;
}

}  // namespace wm::fleet
