// The pauses that people have asked for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"

namespace wm {

/// The paused groups, and until when (nothing: until resumed); "" is everything.
using Pauses = std::map<std::string, std::optional<TimePoint>>;

/// A group, "" for everything, that is paused from now on, or goes on.
struct PauseChange {
  std::string group;
  bool paused = false;
  std::optional<TimePoint> until;

  bool operator==(const PauseChange&) const = default;
};

std::vector<PauseChange> pause_changes(const Pauses& before, const Pauses& after);

class PauseSet {
 public:
  /// Takes the pauses from the store, at start-up.
  void restore(const Pauses& pauses) { pauses_ = pauses; }

  void pause(const std::string& group, std::optional<TimePoint> until);
  void resume(const std::string& group);
  /// Ends pauses whose time is over.
  void move_on(TimePoint now);
  /// The wall clock was set ahead by `step`: the pauses last as long as before.
  void clock_was_set(Duration step);

  const Pauses& all() const { return pauses_; }
  /// True if jobs of that group, "" for none, are paused.
  bool covers(const std::string& group) const;
  /// The time at which the first of them ends by itself; nothing: none does.
  std::optional<TimePoint> next_end() const;

  /// All of them, if any has changed since the last accept().
  std::optional<Pauses> changed() const;
  void accept() { before_.reset(); }
  void roll_back();

 private:
  void remember();

  Pauses pauses_;
  std::optional<Pauses> before_;  // Their state at the last accept(), if they have changed.
};

}  // namespace wm
