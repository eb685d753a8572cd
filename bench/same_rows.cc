#include "bench/same_rows.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include "bench/timing.h"
#include "tests/support/temporary_directory.h"

namespace wm {
namespace {

SQLite::Database open(const std::filesystem::path& file) {
  SQLite::Database database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  database.exec("PRAGMA locking_mode = EXCLUSIVE");
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = FULL");
  database.exec("PRAGMA temp_store = MEMORY");
  return database;
}

std::vector<std::string> texts(SQLite::Database& database, const char* query) {
  std::vector<std::string> list;
  for (SQLite::Statement one(database, query); one.executeStep();) {
    list.push_back(one.getColumn(0).getString());
  }
  return list;
}

using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

Statement prepare(SQLite::Database& database, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database.getHandle(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(database.getHandle()));
  }
  return {statement, sqlite3_finalize};
}

// Row by row, as whoever has the values would write them.
void copy(SQLite::Database& database, const std::string& table, int per_commit) {
  const Statement rows = prepare(database, "SELECT * FROM theirs." + table);
  const int columns = sqlite3_column_count(rows.get());
  std::string places = "?";
  for (int i = 1; i < columns; ++i) places += ",?";
  const Statement insert = prepare(database, "INSERT INTO " + table + " VALUES (" + places + ")");
  for (int row = 1; sqlite3_step(rows.get()) == SQLITE_ROW; ++row) {
    for (int i = 0; i < columns; ++i) {
      sqlite3_bind_value(insert.get(), i + 1, sqlite3_column_value(rows.get(), i));
    }
    if (sqlite3_step(insert.get()) != SQLITE_DONE) {
      throw std::runtime_error(sqlite3_errmsg(database.getHandle()));
    }
    sqlite3_reset(insert.get());
    if (per_commit != 0 && row % per_commit == 0) database.exec("COMMIT; BEGIN");
  }
}

}  // namespace

double SameRows::insert(int per_commit) const {
  const TemporaryDirectory directory;
  SQLite::Database database = open(directory.path() / "same.db");
  database.exec("ATTACH '" + database_.string() + "' AS theirs");
  for (const std::string& sql :
       texts(database,
             "SELECT sql FROM theirs.sqlite_master WHERE type IN ('table', 'index') "
             "AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC")) {
    database.exec(sql);
  }
  return milliseconds_of([&] {
    database.exec("BEGIN");
    for (const char* table : {"policy", "tag", "prerequisite"}) copy(database, table, 0);
    copy(database, "work", per_commit);
    database.exec("COMMIT");
  });
}

double SameRows::read() const {
  SQLite::Database database(database_.string(), SQLite::OPEN_READWRITE);
  return milliseconds_of([&] {
    SQLite::Statement rows(database, "SELECT * FROM work");
    const int columns = rows.getColumnCount();
    while (rows.executeStep()) {
      for (int i = 0; i < columns; ++i) (void)rows.getColumn(i).getType();
    }
  });
}

double SameRows::change(const char* statement) const {
  const TemporaryDirectory directory;
  const std::filesystem::path copy = directory.path() / "copy.db";
  std::filesystem::copy_file(database_, copy);
  SQLite::Database database = open(copy);
  return milliseconds_of([&] { database.exec(statement); });
}

}  // namespace wm
