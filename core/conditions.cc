#include "core/conditions.h"

#include <algorithm>

#include "core/check.h"
#include "core/text.h"

namespace wm {
namespace {

bool network_holds(NetworkType wanted, const Conditions& now) {
  if (wanted == NetworkType::not_required) return true;
  if (!now.network)
    return now.unknown[Constraint::network].value_or(wanted != NetworkType::metered);
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

bool flag_holds(Constraint flag, const Conditions& now) {
  if (const auto& known = now.holds[flag]) return *known;
  const auto& unknown = now.unknown[flag];
  return unknown ? *unknown : def_of(flag).holds_when_unknown;
}

// The constraints to look at, and the state of the machine to compare them with.
struct Look {
  const Constraints& wanted;
  const Conditions& now;
  ZonedTime time;
};

// Calls `report(constraint, custom name)` for each constraint that holds, or for each that does
// not.
template <class Report>
void each_that(bool holds, const Look& look, Report report) {
  if (look.wanted.network != NetworkType::not_required &&
      network_holds(look.wanted.network, look.now) == holds) {
    report(Constraint::network, nullptr);
  }
  look.wanted.flags.each([&](Constraint flag) {
    if (flag_holds(flag, look.now) == holds) report(flag, nullptr);
  });
  if (const Windows& windows = look.wanted.between;
      !windows.empty() && is_inside(windows, look.time) == holds) {
    report(Constraint::between, nullptr);
  }
  for (const std::string& name : look.wanted.custom) {
    const auto known = look.now.custom.find(name);
    const bool given = known != look.now.custom.end() && known->second;
    if (given == holds) report(Constraint::custom, &name);
  }
}

Need describe(Constraint constraint, const std::string* custom, const Look& look) {
  const ConstraintDef& def = def_of(constraint);
  const auto shown = [&](std::optional<bool> value) {
    return std::string(!value ? "unknown" : *value ? def.yes : def.no);
  };
  switch (def.form) {
    case ConstraintForm::network_type:
      return {constraint,
              std::string(def.name),
              std::string(word(look.wanted.network)),
              look.now.network ? std::string(word(*look.now.network)) : "unknown",
              {}};
    case ConstraintForm::flag:
      return {constraint, std::string(def.name), "yes", shown(look.now.holds[constraint]), {}};
    case ConstraintForm::names: {
      const std::string& name = checked(custom, "a condition of the configuration has a name");
      const auto known = look.now.custom.find(name);
      return {constraint,
              name,
              "yes",
              shown(known == look.now.custom.end() ? std::nullopt : std::optional(known->second)),
              {},
              {}};
    }
    case ConstraintForm::windows: {
      std::vector<std::string> windows;
      for (const Window& one : look.wanted.between) windows.push_back(format_window(one));
      return {constraint,
              std::string(def.name),
              join(windows, " or "),
              format_day_and_time(look.time),
              last_change(look.wanted.between, look.time),
              next_change(look.wanted.between, look.time)};
    }
  }
  return {};
}

std::vector<Need> needs_that(bool hold, const Look& look) {
  std::vector<Need> needs;
  each_that(hold, look, [&](Constraint constraint, const std::string* custom) {
    needs.push_back(describe(constraint, custom, look));
  });
  return needs;
}

}  // namespace

std::string_view word(const NetworkReading& reading) {
  if (!reading.connected) return "none";
  if (reading.roaming) return "roaming";
  return reading.metered ? "metered" : "unmetered";
}

bool hold(const Constraints& wanted, const Conditions& conditions, ZonedTime time) {
  return !first_unmet(wanted, conditions, time);
}

std::optional<Constraint> first_unmet(const Constraints& wanted, const Conditions& conditions,
                                      ZonedTime time) {
  std::optional<Constraint> first;
  each_that(false, {wanted, conditions, time}, [&](Constraint constraint, const std::string*) {
    if (!first) first = constraint;
  });
  return first;
}

std::vector<Need> unmet(const Constraints& wanted, const Conditions& conditions, ZonedTime time) {
  return needs_that(false, {wanted, conditions, time});
}

std::vector<Need> met(const Constraints& wanted, const Conditions& conditions, ZonedTime time) {
  return needs_that(true, {wanted, conditions, time});
}

std::optional<TimePoint> next_change(const Constraints& wanted, ZonedTime time) {
  return next_change(wanted.between, time);
}

Constraints all_constraints(std::vector<std::string> custom) {
  Constraints all{.network = NetworkType::connected, .custom = std::move(custom)};
  for (const ConstraintDef& one : kConstraints) {
    if (one.form == ConstraintForm::flag) all.set(one.id);
  }
  return all;
}

Constraints either(const Constraints& a, const Constraints& b) {
  Constraints both = a;
  both.network = std::max(a.network, b.network);
  both.flags = a.flags | b.flags;
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
