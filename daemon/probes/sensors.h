// All conditions: the last measurements of the probes, or the values that `wm conditions override`
// sets instead.
#pragma once

#include <map>

#include <boost/json.hpp>

#include "core/error.h"
#include "daemon/probes/probe.h"

namespace wm {

/// The number of jobs that name each condition, among those with constraints: see Agenda::named().
std::map<std::string, std::int64_t> works_by_condition(const std::map<Constraints, int>& named);

class Sensors {
 public:
  /// Forgets conditions that nobody wants any more. A wanted condition that is not measured yet
  /// does not hold.
  void set_wanted(const Constraints& wanted);

  /// Takes a measurement; `since` changes only when the value does.
  void take(const Measurement& measurement, TimePoint now);

  /// True if all of these have been measured.
  bool have_measured(const Constraints& wanted) const;

  /// Reads the value of an override in the documented words: network `none`, `connected`,
  /// `metered`, `unmetered`, `roaming`; charging, idle and custom `yes`, `no`; battery and storage
  /// `ok`, `low`.
  static Result<ConditionValue> parse_value(const ConditionId& id, std::string_view value);
  void override_value(const ConditionId& id, ConditionValue value, std::optional<TimePoint> until,
                      TimePoint now);
  void clear_overrides(TimePoint now);

  /// Drops the overrides that have ended by now.
  void expire(TimePoint now);

  /// Returns everything known, for take_over() in the next program.
  boost::json::object hand_over() const;
  /// Uses these values until the probes have had time to look, unless they see that more holds: no
  /// run is stopped because nothing has been measured yet.
  void take_over(const boost::json::object& handed, TimePoint now);
  std::optional<TimePoint> next_expiry() const;

  Conditions conditions() const;
  /// The known values in force: overrides, and the measurements of what `wanted` names.
  ConditionReadings readings(const Constraints& wanted) const;

  /// True if conditions() has changed since it was last taken.
  bool changed() const { return changed_; }
  bool take_changed() { return std::exchange(changed_, false); }

  boost::json::array to_json() const;
  /// Grows with every change of to_json().
  std::int32_t version() const { return version_; }

  /// The time since which it has its value; nothing: unknown.
  std::optional<TimePoint> since(const ConditionId& id) const;

  /// The source of the value and its details; "": unknown.
  std::string explain(const ConditionId& id) const;

 private:
  struct Condition {
    bool wanted = false;
    std::optional<Measurement> measured;
    TimePoint since{};
    std::optional<ConditionValue> pretended;
    TimePoint pretended_since{};
    std::optional<TimePoint> pretended_until;
    std::optional<TimePoint> trusted_until;  // The end of trust in a value handed over.
    std::optional<Measurement> meanwhile;    // The last measurement until then.
  };

  static ConditionValue value_of(const ConditionId& id, const Condition& condition);

  void measured(Condition& condition, const Measurement& measurement, TimePoint now);
  void stop_pretending(const ConditionId& id, Condition& condition, TimePoint now);
  void note_change(bool of_value);

  std::map<ConditionId, Condition> conditions_;
  bool changed_ = true;
  std::int32_t version_ = 1;
};

}  // namespace wm
