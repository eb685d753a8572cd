// Up to schema 8 the database kept documents in the form that the wire had then. This reads them
// for the step to schema 9. Like the step, it is never edited again.
#pragma once

#include <SQLiteCpp/Database.h>

namespace wm {

/// Converts all documents to the stored form of schema 9. An unreadable one throws
/// std::runtime_error.
void rewrite_wire_documents(SQLite::Database& database);

}  // namespace wm
