#include "core/conditions.h"

#include <algorithm>

namespace wm {
namespace {

bool network_holds(NetworkType wanted, const Conditions& now) {
  if (wanted == NetworkType::not_required) return true;
  if (!now.network) return now.unknown.network.value_or(wanted != NetworkType::metered);
  if (!now.network->connected) return false;
  switch (wanted) {
    case NetworkType::not_required:
    case NetworkType::connected:
      return true;
    case NetworkType::unmetered:
      return !now.network->metered;
    case NetworkType::metered:
      return now.network->metered;
    case NetworkType::not_roaming:
      return !now.network->roaming;
  }
  return false;
}

std::string network_word(const std::optional<NetworkReading>& network) {
  if (!network) return "unknown";
  if (!network->connected) return "none";
  if (network->roaming) return "roaming";
  return network->metered ? "metered" : "unmetered";
}

std::string condition_word(std::optional<bool> holds, const char* no) {
  if (!holds) return "unknown";
  return *holds ? "yes" : no;
}

// Calls `report(constraint, custom name)` for each constraint that does not hold.
template <class Report>
void each_unmet(const Constraints& wanted, const Conditions& now, Report report) {
  const auto lacks = [](bool required, std::optional<bool> holds, std::optional<bool> unknown) {
    return required && !holds.value_or(unknown.value_or(true));
  };
  const UnknownPolicy& unknown = now.unknown;
  if (!network_holds(wanted.network, now)) report(Constraint::network, nullptr);
  if (lacks(wanted.charging, now.charging, unknown.charging)) {
    report(Constraint::charging, nullptr);
  }
  if (lacks(wanted.battery_not_low, now.battery_not_low, unknown.battery)) {
    report(Constraint::battery_not_low, nullptr);
  }
  if (lacks(wanted.storage_not_low, now.storage_not_low, {})) {
    report(Constraint::storage_not_low, nullptr);
  }
  if (lacks(wanted.idle, now.idle, unknown.idle)) report(Constraint::idle, nullptr);
  for (const std::string& name : wanted.custom) {
    const auto known = now.custom.find(name);
    if (known == now.custom.end() || !known->second) report(Constraint::custom, &name);
  }
}

Unmet describe(Constraint constraint, const std::string* custom, const Constraints& wanted,
               const Conditions& now) {
  const std::string name(word(constraint));
  switch (constraint) {
    case Constraint::network:
      return {constraint, name, std::string(word(wanted.network)), network_word(now.network)};
    case Constraint::charging:
      return {constraint, name, "yes", condition_word(now.charging, "no")};
    case Constraint::battery_not_low:
      return {constraint, name, "yes", condition_word(now.battery_not_low, "low")};
    case Constraint::storage_not_low:
      return {constraint, name, "yes", condition_word(now.storage_not_low, "low")};
    case Constraint::idle:
      return {constraint, name, "yes", condition_word(now.idle, "no")};
    case Constraint::custom: {
      const bool known = now.custom.contains(*custom);
      return {constraint, *custom, "yes", known ? "no" : "unknown"};
    }
  }
  return {};
}

}  // namespace

bool hold(const Constraints& wanted, const Conditions& conditions) {
  return !first_unmet(wanted, conditions);
}

std::optional<Constraint> first_unmet(const Constraints& wanted, const Conditions& conditions) {
  std::optional<Constraint> first;
  each_unmet(wanted, conditions, [&](Constraint constraint, const std::string*) {
    if (!first) first = constraint;
  });
  return first;
}

std::vector<Unmet> unmet(const Constraints& wanted, const Conditions& conditions) {
  std::vector<Unmet> missing;
  each_unmet(wanted, conditions, [&](Constraint constraint, const std::string* custom) {
    missing.push_back(describe(constraint, custom, wanted, conditions));
  });
  return missing;
}

Constraints either(const Constraints& a, const Constraints& b) {
  Constraints both{std::max(a.network, b.network),
                   a.charging || b.charging,
                   a.battery_not_low || b.battery_not_low,
                   a.storage_not_low || b.storage_not_low,
                   a.idle || b.idle,
                   a.custom};
  for (const std::string& name : b.custom) {
    if (std::ranges::find(both.custom, name) == both.custom.end()) both.custom.push_back(name);
  }
  return both;
}

bool battery_is_low(bool was_low, int percent, const BatteryLevels& levels) {
  return percent <= (was_low ? levels.ok : levels.low);
}

std::uint64_t storage_limit(std::uint64_t total_bytes, const StorageLevels& levels) {
  const std::uint64_t share = total_bytes / 100 * static_cast<std::uint64_t>(levels.low_percent);
  return std::min(share, levels.low_bytes);
}

bool storage_is_low(bool was_low, std::uint64_t free_bytes, std::uint64_t total_bytes,
                    const StorageLevels& levels) {
  const std::uint64_t limit = storage_limit(total_bytes, levels);
  return free_bytes <= (was_low ? limit + limit / 2 : limit);
}

}  // namespace wm
