// All conditions: what the probes last measured, and what `wm conditions override` pretends
// instead.
#pragma once

#include <map>

#include <boost/json.hpp>

#include "core/error.h"
#include "daemon/probes/probe.h"

namespace wm {

class Sensors {
 public:
  /// Takes a measurement; `since` moves only when the value does.
  void take(const Measurement& measurement, TimePoint now);

  /// Pretends. `value` in the words of INTERFACE: network `none`, `connected`, `metered`,
  /// `unmetered`, `roaming`; charging `yes`, `no`; battery and storage `ok`, `low`.
  static Result<ConditionValue> parse_value(ConditionName name, std::string_view value);
  void override_value(ConditionName name, ConditionValue value, std::optional<TimePoint> until,
                      TimePoint now);
  void clear_overrides(TimePoint now);

  /// Drops the overrides that have ended by now.
  void expire(TimePoint now);
  std::optional<TimePoint> next_expiry() const;

  Conditions conditions() const;

  /// Whether what conditions() says has changed since it was last taken.
  bool changed() const { return changed_; }
  bool take_changed() { return std::exchange(changed_, false); }

  boost::json::array to_json() const;

 private:
  struct Condition {
    Measurement measured;
    TimePoint since{};
    std::optional<ConditionValue> pretended;
    TimePoint pretended_since{};
    std::optional<TimePoint> pretended_until;

    const ConditionValue& value() const { return pretended ? *pretended : measured.value; }
  };

  void stop_pretending(Condition& condition, TimePoint now);

  std::map<ConditionName, Condition> conditions_;
  bool changed_ = true;
};

}  // namespace wm
