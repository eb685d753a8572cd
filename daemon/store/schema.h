// The database's tables, and the migration of older ones.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/error.h"

namespace wm {

/// Brings an empty or older database to today's schema, in one transaction. An unchanged copy of an
/// older one is kept beside it as FILE.schema-VERSION. Refuses a database that is newer, damaged,
/// or not wm's. Throws SQLite::Exception.
Result<> migrate(SQLite::Database& database);

}  // namespace wm
