// The distinct needs of all jobs, each looked at once per change of conditions instead of once per
// job.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "core/conditions.h"

namespace wm {

/// All of these must hold at once: the constraints, and the preferences that are still in force.
struct Needs {
  std::vector<Constraints> all;
  const date::time_zone* zone = nullptr;  // The zone of their local times.

  bool empty() const { return all.empty(); }
  auto operator<=>(const Needs&) const = default;
};

bool hold(const Needs& needs, const Conditions& conditions, TimePoint now);

/// The next instant at which local time may decide otherwise, whatever the conditions; nothing:
/// never.
std::optional<TimePoint> next_change(const Needs& needs, TimePoint now);

struct Gate {
  bool open = false;
  TimePoint since{};                    // When it last opened or closed.
  std::optional<TimePoint> changes_at;  // See next_change().
};

class Gates {
 public:
  using Id = std::uint32_t;

  /// The gate of jobs without needs: always open.
  static constexpr Id kNone = 0;

  Gates() { find({}); }

  /// The gate of these needs, which is made if it is the first of its kind.
  Id find(const Needs& needs);

  /// True if it is time to call keep_only(), which costs time in proportion to the gates.
  bool are_crowded() const { return ids_.size() >= crowd_; }

  std::size_t size() const { return ids_.size(); }

  /// Forgets all other gates.
  void keep_only(const std::set<Id>& used);

  /// Advances the time, which opens and closes gates too.
  void move_on(TimePoint now);

  void set_conditions(const Conditions& conditions, TimePoint now);
  const Conditions& conditions() const { return conditions_; }

  /// After a step of the clock, no gate has opened or closed in the future.
  void clock_was_set(TimePoint now);

  /// The time since which these needs hold, or do not; for needs that nobody has, the last change
  /// of conditions.
  TimePoint since(const Needs& needs) const;

  const Gate& operator[](Id id) const { return gates_[id]; }

 private:
  void look_at(const Needs& needs, Gate& gate, TimePoint when);

  Conditions conditions_;
  TimePoint changed_at_{};
  TimePoint now_{};
  std::optional<TimePoint> next_change_;  // The earliest of all gates.
  std::map<Needs, Id> ids_;
  std::vector<Gate> gates_;
  std::vector<Id> free_;  // The ids of forgotten gates.
  std::size_t crowd_ = kFirstCrowd;

  static constexpr std::size_t kFirstCrowd = 64;
};

/// The needs of `work` at `now`; none once its deadline has passed, or somebody told it to run.
/// `usual`: the zone of jobs without one of their own.
Needs needs_at(const Work& work, const Policy& policy, TimePoint now, const date::time_zone* usual);

/// The first of them that does not hold; nothing: all hold. Copies nothing.
std::optional<Constraint> first_unmet_of(const Work& work, const Policy& policy,
                                         const Conditions& conditions, ZonedTime now);

/// The next instant at which local time may decide otherwise about them; nothing: never.
std::optional<TimePoint> next_change_of(const Work& work, const Policy& policy, ZonedTime now);

/// The next time at which needs_at() of a due job changes by itself; nothing: never.
std::optional<TimePoint> needs_change_at(const Work& work, const Policy& policy, TimePoint now);

/// True if it becomes due only once one of its paths has changed.
bool awaits_trigger(const Work& work, TimePoint now);

/// True if no constraint matters to it any more.
bool is_forced(const Work& work, const Policy& policy, TimePoint now);

}  // namespace wm
