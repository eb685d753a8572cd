// The control groups (cgroups(7)) of runs, if the machine lets the daemon have any: stopping a run
// then reaches all of it, and its bounds apply to all its processes together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "core/work.h"
#include "daemon/system/unique_fd.h"

namespace wm {

/// The group of one run.
struct RunCgroup {
  int directory = -1;              // The group in the unified hierarchy; Cgroups keeps it open.
  std::vector<UniqueFd> procs;     // The files of other groups that the run must join.
  std::vector<std::string> unmet;  // Bounds that no controller here can enforce.
};

/// The bounds that are set, by their options' names.
std::vector<std::string> names_of(const Bounds& bounds);

/// The bounds of a group.
struct CgroupControllers {
  bool unified = false;  // Version 2, whose files have other names.
  bool memory = false;
  bool cpu = false;
  bool pids = false;
};

/// Sets exactly those bounds for the group. False, with errno set: one cannot be set.
bool set_bounds(const std::filesystem::path& group, const CgroupControllers& controllers,
                const Bounds& bounds);

class Cgroups {
 public:
  /// No groups at all.
  Cgroups() = default;
  /// Finds the place of this process. Groups are named after `state_directory`, so that two daemons
  /// never touch each other's.
  explicit Cgroups(const std::filesystem::path& state_directory);

  /// True if every run gets a group.
  bool available() const { return !unified_.base.empty(); }

  /// The controllers among memory, cpu and pids that bind a run's group.
  std::vector<std::string> controllers() const;

  /// Removes all empty groups: no more runs will come.
  void leave();

  /// An empty group with that number for a run with those bounds. Nothing, with errno set: there is
  /// none.
  std::optional<RunCgroup> create(std::size_t number, const Bounds& bounds);

  /// Goes on with the group of a run that an earlier program in this process has started.
  void resume(std::size_t number, bool killed);

  /// True if the kernel killed one of its processes for lack of memory.
  bool ran_out_of_memory(std::size_t number) const;

  /// Releases the group of a run if no process is left in it: a group without bounds is kept for
  /// another run, others are removed. False: a process is left, and nothing has happened.
  bool release_if_empty(std::size_t number, const Bounds& bounds);

  /// The processes in it, and in the groups made inside it.
  std::vector<pid_t> processes_in(std::size_t number) const;

  /// A descriptor with an exceptional condition (EPOLLPRI) once that may have changed since
  /// release_if_empty() was called; it stays open here. -1: there is none.
  int events_of(std::size_t number) const;

  void kill(std::size_t number);

  /// Kills everything that an earlier daemon left, and returns once it is gone. Throws
  /// std::runtime_error if a process does not die.
  void end_all();

 private:
  bool remove(std::size_t number);

  struct Hierarchy : CgroupControllers {
    std::filesystem::path base;  // The parent of the runs' groups; empty: there can be none.
  };

  void find_unified(const std::string& tag);
  void find_controllers(const std::string& tag);

  /// An existing group.
  struct Open {
    UniqueFd directory;
    UniqueFd events;
    std::optional<Bounds> bounds;  // Its bounds in the unified hierarchy; nothing: unknown.
    bool killed = false;  // From then on the kernel kills everything that begins in such a group.
  };

  Open* open(std::size_t number);

  Hierarchy unified_;
  std::filesystem::path earlier_;  // The parent of the earlier daemon's groups.
  std::map<std::size_t, Open> open_;
  std::vector<Hierarchy> others_;  // One of version 1 per controller that version 2 lacks.
};

}  // namespace wm
