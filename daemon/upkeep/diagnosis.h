// What `wm doctor` finds: each part that the daemon stands on, and how to mend it.
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
  std::string remedy;  // A command, or what else to do; empty: nothing.

  bool operator==(const Finding&) const = default;
};

/// What the daemon knows of itself.
struct DaemonFacts {
  bool system = false;
  std::vector<std::filesystem::path> configuration;  // The files that were read.
  std::string reload_problem;                        // Why the last reload was refused.
  std::filesystem::path state_directory;
  std::string misplaced;     // SqliteStore::misplaced().
  std::string turn_problem;  // Why what was decided last is not saved; empty: it is.
  SweptLeftovers leftovers;
  bool has_bus = false;                  // The system's D-Bus.
  bool has_cgroups = false;              // For each run,
  std::vector<std::string> controllers;  // … with these.
  std::string zone_problem;              // Empty: it is known.
  PathWatches::Use paths;
  boost::json::array conditions;  // As Sensors shows them, all of them measured.
  Pauses pauses;
  const ClientBounds& clients;
  std::vector<OwnerUse> uses;
  DiskSpace log_disk;
};

/// A command that the configuration declares, and whether its program is there.
struct DeclaredCommand {
  std::string check;  // `task NAME`, `condition NAME`
  std::string key;    // The setting's name.
  std::vector<std::string> words;
  Result<> executable;
};

/// All of them, none looked at.
std::vector<DeclaredCommand> declared_commands(const Settings& settings);

/// In the order in which they matter; `asker` is the user who wants to know. Looks at the daemon's
/// own disk and at the clock.
std::vector<Finding> diagnose(const DaemonFacts& facts, const Settings& settings,
                              const std::vector<DeclaredCommand>& commands, uid_t asker);

boost::json::array to_json(const std::vector<Finding>& findings);

}  // namespace wm
