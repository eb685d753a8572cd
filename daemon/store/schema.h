// The database's tables, and how older ones become today's.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/error.h"

namespace wm {

/// Brings an empty or older database to today's schema, in one transaction. An older one is kept
/// beside it as it was, as FILE.schema-VERSION. Refuses a newer one, a damaged one, and one that is
/// not wm's. Throws SQLite::Exception.
Result<> migrate(SQLite::Database& database);

}  // namespace wm
