// The kept changes of the machine's conditions: what was in force when, and when nobody knew.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "core/condition_id.h"
#include "core/conditions.h"

namespace wm {

/// The value of a condition: unknown, the network's reading, or whether it holds.
using ConditionValue = std::variant<std::monostate, NetworkReading, bool>;

/// The word for a value, as `wm conditions` shows it; empty: unknown.
std::string value_word(const ConditionId& id, const ConditionValue& value);

void put(Conditions& all, const ConditionId& id, const ConditionValue& value);

/// The source of a value that somebody pretends.
inline constexpr std::string_view kOverride = "override";

/// A known value, measured or pretended.
struct ConditionReading {
  ConditionValue value;
  std::string source;  // `override`, `rtnetlink`, …
  std::string detail;  // Details for people: `eth0`, `41 %, discharging`.
};
using ConditionReadings = std::map<ConditionId, ConditionReading>;

/// The numbers are on disk. What a condition was between two entries is what the first one says.
enum class ConditionEvent : std::uint8_t {
  changed = 0,    // It has that value from then on.
  unwatched = 1,  // No job needs it any more, and nobody looks at it.
  unsteady = 2,   // It changes too often to be kept: nothing is known until the next entry.
  started = 3,    // A daemon has begun: nothing is known until the next entry of each condition.
  stopped = 4,    // The daemon was told to stop, and starts nothing from then on.
  lost = 5,       // The last sign of a daemon that was killed at some time after it.
  asleep = 6,     // The machine has gone to sleep.
  awake = 7,      // It is awake again; nothing is known until the next entry of each condition.
};

template <>
struct Words<ConditionEvent> {
  static constexpr std::string_view noun = "event";
  static constexpr std::array<std::string_view, 8> list{
      "changed",        "unwatched",   "unsteady", "daemon-started",
      "daemon-stopped", "daemon-lost", "asleep",   "awake"};
};

/// True if jobs could be started from that event on.
constexpr bool is_running(ConditionEvent event) {
  return event == ConditionEvent::started || event == ConditionEvent::awake;
}

struct ConditionChange {
  TimePoint at{};
  ConditionEvent event = ConditionEvent::changed;
  std::optional<ConditionId> condition;  // Nothing: it is about the daemon.
  ConditionValue value;
  std::string source;  // `override`, `rtnetlink`, …
  std::string detail;  // Details for people: `eth0`, `41 %, discharging`.

  bool operator==(const ConditionChange&) const = default;
};

}  // namespace wm
