// Brings the fleet's schema to this program's version, step by step.
#pragma once

#include "fleet/database/database.h"

namespace wm::fleet {

struct Migrated {
  int from = 0;  // 0: there was no fleet.
  int to = 0;
};

/// All in one transaction. refused: the schema is newer than this program.
Result<Migrated> migrate(Database& database, bool may_create);

}  // namespace wm::fleet
