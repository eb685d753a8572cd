// The claims that a node has, each with its job in the node's daemon: when they are renewed, which
// are handed back, and which work is not taken for a while. All times are since boot.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "fleet/work/local_work.h"

namespace wm::fleet {

/// Work is not taken again for at least so long after its claim was handed back.
inline constexpr Duration kDeclinedLeast = 30s;

struct HeldClaim {
  Claim claim;
  std::string id;                   // The job's; empty: it is not registered yet.
  std::string state;                // The same.
  std::optional<Duration> renewed;  // When its last renewal was sent; nothing: not known.
  std::optional<Duration> waits;    // Since when its job has been waiting.
  bool lost = false;                // The lease is somebody else's: the job must end.
  bool overdue = false;             // Its run was stopped because the lease was over.
  bool unknown = false;             // Found in the daemon; the database has not said more yet.

  bool is_running() const { return state == "running"; }
  bool has_ended() const;
  /// When it must be renewed; zero: at once.
  Duration renewal() const;
  /// When it is handed back if its job has not started by then; nothing: it does not wait.
  std::optional<Duration> hand_back_at() const;
  /// Takes the state of its job.
  void set_state(std::string now_is, Duration now);
};

/// The claims behind the last jobs of each name, by which their runs are reported.
class Origins {
 public:
  void add(const std::string& name, const std::string& job, const Origin& origin);
  /// nullptr: that job is none of a claim, or one of long ago.
  const Origin* find(const std::string& name, const std::string& job) const;

 private:
  std::map<std::string, std::vector<std::pair<std::string, Origin>>> jobs_;  // The newest last.
};

class HeldClaims {
 public:
  std::size_t size() const { return held_.size(); }
  auto begin() const { return held_.begin(); }
  auto end() const { return held_.end(); }
  bool contains(const std::string& name) const { return held_.contains(name); }
  /// nullptr: there is none of that name.
  HeldClaim* find(const std::string& name);
  const HeldClaim* find(const std::string& name) const;

  /// A claim asked for at `sent`.
  void add(Claim claim, Duration sent);
  /// Takes the job of a claim that is found in the daemon. It replaces a claim with another fence:
  /// the daemon has one job of a name, so that one is not there.
  void recover(const std::string& name, const Origin& origin, std::string state, std::string id,
               Duration now);
  /// Takes what wm.hello() says of the recovered ones. Returns the names of those that are not ours
  /// and whose jobs must end.
  std::vector<std::string> confirm(const boost::json::array& claims);
  /// Forgets those whose names are not among these.
  void keep_only(const std::set<std::string>& names);
  /// Forgets one, but not whose late events are of no more interest.
  void drop(const std::string& name);
  /// True if that job was one of a claim that is dropped.
  bool is_former(const std::string& name, const std::string& job) const;
  void forget_former() { former_.clear(); }

  bool renewal_is_due(Duration now) const;
  /// Those whose leases last, for wm.hello() and wm.renew().
  boost::json::array leases() const;
  /// Takes the pieces that a renewal sent at `sent` has kept. Returns the names of the others whose
  /// jobs must end.
  std::vector<std::string> renew(const boost::json::array& pieces, Duration sent);
  /// The names of those that have jobs, by the time since which their leases count.
  std::map<Duration, std::vector<std::string>> by_renewal() const;
  /// Those whose jobs have waited for too long.
  std::vector<std::string> to_hand_back(Duration now) const;
  /// When one must be renewed or handed back; nothing: none must.
  std::optional<Duration> next_time() const;

  void decline(const std::string& name, Duration until) { declined_[name] = until; }
  /// When declined work may be taken again, the first of it; nothing: none is declined.
  std::optional<Duration> wanted_again() const;
  /// True if work of that name may be taken: none is held, and none was handed back lately.
  bool wants(const std::string& name, Duration now) const;
  std::vector<std::string> unwanted(Duration now);

 private:
  std::map<std::string, HeldClaim> held_;      // By the name of the work, as all here.
  std::map<std::string, std::string> former_;  // The last job that was dropped.
  std::map<std::string, Duration> declined_;   // Not taken before.
};

}  // namespace wm::fleet
