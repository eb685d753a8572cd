// Brings the fleet's schema to this program's version, step by step.
#pragma once

#include <span>
#include <string_view>

#include "fleet/database/database.h"
#include "fleet/schema.h"

namespace wm::fleet {

/// The steps from an empty database, and the functions that go with the last one.
struct Schema {
  std::span<const std::string_view> migrations = kMigrations;
  std::string_view functions = kFunctions;
};

struct Migrated {
  int from = 0;  // 0: there was no fleet.
  int to = 0;
};

/// All in one transaction. refused: the schema is newer than this program.
Result<Migrated> migrate(Database& database, bool may_create, const Schema& schema = {});

}  // namespace wm::fleet
