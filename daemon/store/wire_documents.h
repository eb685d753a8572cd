// Up to schema 8 the database kept documents in the form of the wire, as it was then. This reads
// them for the step to schema 9. Like the step it is never edited again.
#pragma once

#include <SQLiteCpp/Database.h>

namespace wm {

/// Brings all documents into the stored form of schema 9. One that cannot be read throws
/// std::runtime_error.
void rewrite_wire_documents(SQLite::Database& database);

}  // namespace wm
