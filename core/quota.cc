#include "core/quota.h"

#include <algorithm>

namespace wm {

void ExpeditedQuota::add(uid_t owner, TimePoint ended, Duration length) {
  Account& account = accounts_[owner];
  account.runs.push_back({ended, std::max(length, Duration::zero())});
  account.total += account.runs.back().length;
  added_.push_back(owner);
}

void ExpeditedQuota::move_on(TimePoint now) {
  for (auto& [owner, account] : accounts_) {
    while (!account.runs.empty() && account.runs.front().ended + kQuotaWindow <= now) {
      account.total -= account.runs.front().length;
      account.runs.pop_front();
    }
  }
}

Duration ExpeditedQuota::used(uid_t owner) const {
  const auto found = accounts_.find(owner);
  return found == accounts_.end() ? Duration{} : found->second.total;
}

std::optional<TimePoint> ExpeditedQuota::falls_below(uid_t owner, Duration most) const {
  const auto found = accounts_.find(owner);
  if (found == accounts_.end() || most <= Duration::zero()) return std::nullopt;
  Duration left = found->second.total;
  for (const Run& run : found->second.runs) {
    left -= run.length;
    if (left < most) return run.ended + kQuotaWindow;
  }
  return std::nullopt;
}

void ExpeditedQuota::clock_was_set(Duration step) {
  for (auto& [owner, account] : accounts_) {
    for (Run& run : account.runs) run.ended += step;
  }
}

void ExpeditedQuota::roll_back() {
  for (; !added_.empty(); added_.pop_back()) {
    Account& account = accounts_[added_.back()];
    if (account.runs.empty()) continue;  // Too old by now to count.
    account.total -= account.runs.back().length;
    account.runs.pop_back();
  }
}

}  // namespace wm
