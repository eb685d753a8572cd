// The promises of wm, stated a second time and independently, and checked after every turn of a
// simulated machine.
#pragma once

#include <set>

#include "tests/support/world.h"

namespace wm {

class Promises {
 public:
  /// Watches the world from now on.
  explicit Promises(World& world);

  /// Allows the job to leave its terminal state: somebody retries it.
  void expect_return(WorkId id) { finished_.erase(id); }

 private:
  void daemon_restarted();
  void check_start(const Launch& launch);
  void check_turn(const TurnReport& report);
  void check_row(const Work& work);
  void check_waiting(const Work& work);
  void check_shares();
  void check_children();
  void count_running();
  int total_running() const;
  void check_running(const Work& work);
  Duration silence(const Work& work) const;
  void check_blocked(const Work& work);
  void check_end(const Work& before, const Work& after);
  void check_disk();

  World& world_;
  Conditions conditions_;
  TimePoint conditions_since_{};  // Also the last time that the clock was set back.
  TimePoint last_turn_{};
  std::map<WorkId, Work> last_;                            // Rows after the last turn.
  std::map<uid_t, int> running_;                           // Per owner, the runs after this turn …
  std::map<std::pair<uid_t, std::string>, int> in_group_;  // … and per group.
  std::set<uid_t> served_;                                 // Owners that this turn gave a slot.
  std::set<uid_t> kept_waiting_;                           // Owners that need only a slot.
  std::set<WorkId> finished_;
  int turns_ = 0;
};

}  // namespace wm
