// The place of every unfinished job: waiting for its time, waiting for its conditions and a slot,
// or running.
#pragma once

#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include <boost/container/flat_map.hpp>
#include <boost/intrusive/set.hpp>

#include "core/gates.h"
#include "core/work.h"

namespace wm {

/// A job in memory, and its place in a queue. There may be a million: at most 200 bytes, including
/// its share of the tables around it.
struct Row
    : boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>,
                                      boost::intrusive::optimize_size<true>> {
  explicit Row(const Work& content) : work(content) {}

  Work work;
};

/// Earliest due first, then oldest.
struct ByDue {
  bool operator()(const Row& a, const Row& b) const {
    return std::pair(a.work.due, a.work.id) < std::pair(b.work.due, b.work.id);
  }
};

using Queue = boost::intrusive::set<Row, boost::intrusive::compare<ByDue>,
                                    boost::intrusive::constant_time_size<false>>;

/// The rank of a job, whatever its priority.
enum class Rank : std::uint8_t { forced, expedited, normal };

/// Due jobs for which the same things decide whether they may start: the first of them starts
/// first, and one look answers for all.
struct LaneKey {
  uid_t owner = 0;
  Rank rank = Rank::normal;
  Gates::Id gate = Gates::kNone;
  std::uint32_t group = 0;
  bool drop = false;  // Expedited work is cancelled once the budget is spent.
  bool settling = false;
  std::int32_t priority = 0;

  auto operator<=>(const LaneKey&) const = default;
};

/// The number of runs in progress per owner; owners without any are not in it.
using RunsOfOwners = boost::container::flat_map<uid_t, int>;

struct Group {
  std::string name;  // The first group has none, and no limit.
  RunsOfOwners running;
};

/// The times since boot at which the owner of a job called KeepAlive for it.
struct OwnersWord {
  Duration since{};  // The first word after a silence.
  Duration last{};
};

class Agenda {
 public:
  Agenda();

  /// Puts an unfinished row in its place. Call `remove` before its work changes.
  void add(Row& row);
  void remove(Row& row);

  /// Advances the time: due jobs go to their lanes, and change lanes when their needs change.
  void move_on(TimePoint now);

  /// The time limit of runs whose jobs name none; zero: none.
  void set_time_limit(Duration limit) { time_limit_ = limit; }
  /// The zone of jobs without one of their own. Jobs get their new place at the next move_on().
  void set_zone(const date::time_zone* zone) {
    zone_changes_ |= std::exchange(zone_, zone) != zone;
  }
  /// The wall clock minus the time since boot: see core/time.h.
  void set_clock_offset(ClockOffset offset) { clock_offset_ = offset; }
  ClockOffset clock_offset() const { return clock_offset_; }
  Duration since_boot(TimePoint now) const { return now.time_since_epoch() - clock_offset_; }
  Needs needs_of(const Work& work, const Policy& policy, TimePoint now) const {
    return needs_at(work, policy, now, zone_);
  }
  /// The time at which a run reaches its limit, on the present clock; nothing: there is no limit.
  std::optional<TimePoint> time_is_up(const Work& work) const;

  /// A run was heard of, at that time since boot. Its alarm stays, and is put off when it comes:
  /// hearing costs the same however often it happens.
  void hear(const Work& run, Duration since_boot);
  /// The owner of a job kept it alive, at that time since boot: while it waits for that, it may
  /// start now. A later word costs the same however often it comes.
  void keep_alive(Row& row, Duration since_boot);
  /// True if that job may not start, because its owner was not heard of for as long as its watchdog
  /// says.
  bool lacks_word(const Work& work, TimePoint now) const;
  /// The time since which a job does not lack that word; nothing: it does.
  std::optional<TimePoint> kept_alive_since(const Work& work, TimePoint now) const;
  const std::unordered_map<WorkId, OwnersWord>& words() const { return words_; }

  /// The time since boot at which a run was last heard of. If its owner's word let it start, that
  /// word is the first of these; any other began then.
  Duration heard_at(const Work& run) const;
  /// The time at which a run has been silent for too long, on the present clock; nothing: it may be
  /// silent.
  std::optional<TimePoint> silence_ends(const Work& run) const;
  /// From now on every run may be silent, and so may every owner.
  void allow_silence() { silence_allowed_ = true; }

  Gates& gates() { return gates_; }
  const Gates& gates() const { return gates_; }
  /// Some may be empty until the next move_on().
  const std::map<LaneKey, Queue>& lanes() const { return lanes_; }
  /// The jobs that wait for their time, per owner.
  const std::map<uid_t, Queue>& timers() const { return timers_; }
  const Group& group(std::uint32_t id) const { return groups_[id]; }
  const RunsOfOwners& running_in(const std::string& group) const;
  const std::set<WorkId>& running() const { return running_; }
  int running_of(uid_t owner) const;
  /// The constraints that enqueued and running jobs name, each with the number of those jobs.
  const std::map<Constraints, int>& named() const { return named_; }
  /// The times at which jobs change places by themselves, without those of timers().
  const std::set<std::pair<TimePoint, Row*>>& alarms() const { return alarms_; }
  std::optional<TimePoint> next_alarm() const;
  /// The time of the last move_on().
  TimePoint now() const { return now_; }

  /// The time since which everything that a due job needs has held.
  TimePoint opened_at(const Work& work, TimePoint now) const;

 private:
  LaneKey lane_of(const Work& work, TimePoint now);
  std::uint32_t group_of(const std::string& name);
  void count_named(const Policy& policy, int works);
  void forget_gates();
  void place(Row& row);
  void place_anew();
  bool starts_on_word(const Work& work) const;
  std::optional<TimePoint> word_ends(const Work& work) const;
  void set_alarm(Row& row, std::optional<TimePoint> time);

  Gates gates_;
  TimePoint now_{};
  Duration time_limit_{};
  const date::time_zone* zone_ = nullptr;
  bool zone_changes_ = false;  // Since the last move_on().
  ClockOffset clock_offset_{};
  std::map<uid_t, Queue> timers_;
  std::map<LaneKey, Queue> lanes_;
  std::set<WorkId> running_;
  std::unordered_map<WorkId, Duration> heard_;    // Runs with a watchdog.
  std::unordered_map<WorkId, OwnersWord> words_;  // Jobs that start only on it.
  bool silence_allowed_ = false;
  RunsOfOwners running_of_;
  std::map<Constraints, int> named_;
  std::set<std::pair<TimePoint, Row*>> alarms_;
  std::unordered_map<const Row*, TimePoint> alarm_of_;  // The same: few rows have one.
  std::vector<Group> groups_;
  std::unordered_map<std::string, std::uint32_t> group_ids_;
};

}  // namespace wm
