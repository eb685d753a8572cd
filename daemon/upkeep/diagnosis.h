// The findings of `wm doctor`: each part that the daemon depends on, and how to fix it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "config/settings.h"
#include "core/scheduler.h"
#include "daemon/runs/runner.h"
#include "daemon/store/store.h"
#include "daemon/triggers/path_watches.h"
#include "daemon/upkeep/leftovers.h"
#include "daemon/wire/client_use.h"

namespace wm {

enum class Verdict : std::uint8_t { ok, note, problem };
template <>
struct Words<Verdict> {
  static constexpr std::string_view noun = "verdict";
  static constexpr std::array<std::string_view, 3> list{"ok", "note", "problem"};
};

struct Finding {
  std::string check;
  Verdict verdict = Verdict::ok;
  std::string text;
  std::string remedy;  // A command, or other advice; empty: nothing to do.

  bool operator==(const Finding&) const = default;
};

/// The daemon's knowledge of itself.
struct DaemonFacts {
  bool system = false;
  std::vector<std::filesystem::path> configuration;  // The files that were read.
  std::string reload_problem;                        // The reason why the last reload was refused.
  std::filesystem::path state_directory;
  std::string misplaced;     // SqliteStore::misplaced().
  std::string turn_problem;  // The reason why the last decisions are not saved; empty: none.
  SweptLeftovers leftovers;
  bool has_bus = false;                  // The system's D-Bus.
  bool has_cgroups = false;              // Each run has its own.
  std::vector<std::string> controllers;  // The controllers of those.
  std::string zone_problem;              // Empty: it is known.
  PathWatches::Use paths;
  boost::json::array conditions;  // All conditions of Sensors, measured.
  Pauses pauses;
  const ClientBounds& clients;
  std::vector<OwnerUse> uses;
  DiskSpace log_disk;
};

/// A command that the configuration declares, and whether its program exists.
struct DeclaredCommand {
  std::string check;  // `task NAME`, `condition NAME`
  std::string key;    // The setting's name.
  std::vector<std::string> words;
  Result<> executable;
};

/// All of them, not looked at yet.
std::vector<DeclaredCommand> declared_commands(const Settings& settings);

/// The findings in the order of their importance; `asker` is the user who wants to know. Looks at
/// the daemon's own disk and at the clock.
std::vector<Finding> diagnose(const DaemonFacts& facts, const Settings& settings,
                              const std::vector<DeclaredCommand>& commands, uid_t asker);

boost::json::array to_json(const std::vector<Finding>& findings);

}  // namespace wm
