#include "daemon/store/sqlite_store.h"

#include <chrono>

#include <fcntl.h>
#include <sqlite3.h>

#include "daemon/store/rows.h"
#include "daemon/store/schema.h"
#include "daemon/store/stored_form.h"
#include "daemon/system/unique_fd.h"

namespace wm {
namespace {

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

SqliteStore::SqliteStore(const std::filesystem::path& file)
    // One thread uses it: no mutex.
    : database_(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX),
      log_(file.string() + "-wal") {}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& file) {
  const auto refuse = [&](ErrorCode code, const std::string& why) {
    return fail(code, "cannot use the database " + file.string() + ": " + why);
  };
  // One thread uses SQLite, and nobody reads its statistics: no allocation takes a mutex.
  sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  try {
    std::unique_ptr<SqliteStore> store(new SqliteStore(file));
    // EXCLUSIVE: one daemon per database, and no shared memory file. NORMAL: commits go to the log
    // unsynced; sync() makes them durable before anybody sees them.
    store->database_.exec("PRAGMA locking_mode = EXCLUSIVE");
    store->database_.exec("PRAGMA journal_mode = WAL");
    store->database_.exec("PRAGMA synchronous = NORMAL");
    store->database_.exec("PRAGMA secure_delete = OFF");
    // Keep in memory what a statement may have to roll back: otherwise each insertion writes the
    // pages of all its indexes to a temporary file.
    store->database_.exec("PRAGMA temp_store = MEMORY");
    if (auto migrated = migrate(store->database_); !migrated) {
      return refuse(migrated.error().code, migrated.error().message);
    }
    // From here on no commit moves the log into the database: see move_log().
    const auto committed = [](void* length, sqlite3*, const char*, int pages) {
      *static_cast<int*>(length) = pages;
      return SQLITE_OK;
    };
    sqlite3_wal_hook(store->database_.getHandle(), committed, &store->log_length_);
    // Take the lock now, not at the first change.
    store->database_.exec("BEGIN IMMEDIATE; COMMIT");
    store->unsynced_ = true;
    store->files_.add(file);
    store->files_.add(store->log_);
    return store;
  } catch (const SQLite::Exception& e) {
    if (e.getErrorCode() == SQLITE_BUSY) {
      return refuse(ErrorCode::refused, "another wmd uses it");
    }
    return refuse(ErrorCode::failed, e.what());
  } catch (const std::exception& e) {
    return refuse(ErrorCode::failed, e.what());
  }
}

SQLite::Statement& SqliteStore::statement(std::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second;
  const std::string text(sql);
  return statements_.try_emplace(text, database_, text).first->second;
}

void SqliteStore::begin() {
  changes_ = sqlite3_total_changes64(database_.getHandle());
  guarded([&] { Query(statement("BEGIN")).step(); });
}

void SqliteStore::commit() {
  const auto began = std::chrono::steady_clock::now();
  add_inserted_bytes();
  const bool changed = sqlite3_total_changes64(database_.getHandle()) != changes_;
  if (changed) {
    if (const std::string problem = misplaced(); !problem.empty()) throw StoreError(problem);
  }
  guarded([&] { Query(statement("COMMIT")).step(); });
  if (!changed) return;
  commit_times_.observe(seconds_since(began));
  unsynced_ = true;
  ++commits_;
}

void SqliteStore::roll_back() noexcept {
  policy_ids_.clear();
  inserted_bytes_.clear();
  // Some errors have rolled back already.
  if (sqlite3_get_autocommit(database_.getHandle()) != 0) return;
  sqlite3_exec(database_.getHandle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void SqliteStore::sync() {
  if (!unsynced_) return;
  const auto began = std::chrono::steady_clock::now();
  // A sync of the log covers every commit in it: once for all of them, instead of at each commit as
  // with synchronous = FULL.
  sqlite3_file* log = nullptr;
  sqlite3_file_control(database_.getHandle(), "main", SQLITE_FCNTL_JOURNAL_POINTER,
                       static_cast<void*>(&log));
  if (!log || !log->pMethods || log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) != SQLITE_OK) {
    throw StoreError("the database's log cannot be written to the disk");
  }
  sync_times_.observe(seconds_since(began));
  unsynced_ = false;
}

void SqliteStore::flush(const std::filesystem::path& log) {
  // A failure is still reported to SQLite's own descriptor.
  const UniqueFd file(::open(log.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file) ::fdatasync(file.get());
}

bool SqliteStore::take_flush_due() {
  constexpr int kCommits = 32;  // About 1 MiB of the log.
  if (commits_ < kCommits) return false;
  commits_ = 0;
  return true;
}

bool SqliteStore::has_long_log() const {
  constexpr int kLong = 4096;  // 16 MiB.
  return log_length_ >= kLong;
}

void SqliteStore::move_log() {
  log_length_ = 0;  // If this fails, the next commit says so again.
  guarded([&] { database_.exec("PRAGMA wal_checkpoint(PASSIVE)"); });
}

void SqliteStore::save_boot(const std::string& boot) {
  guarded([&] {
    Query(statement("INSERT OR REPLACE INTO boot (one, id) VALUES (1, ?)")).bind(boot).step();
  });
}

std::string SqliteStore::load_boot() {
  return guarded([&] {
    Query query(statement("SELECT id FROM boot"));
    return query.step() ? query.text(0) : std::string();
  });
}

void SqliteStore::save_pauses(const Pauses& pauses) {
  guarded([&] {
    Query(statement("DELETE FROM pause")).step();
    for (const auto& [group, until] : pauses) {
      Query(statement("INSERT INTO pause (name, until) VALUES (?, ?)")).bind(group, until).step();
    }
  });
}

Pauses SqliteStore::load_pauses() {
  return guarded([&] {
    Query query(statement("SELECT name, until FROM pause"));
    Pauses pauses;
    while (query.step()) {
      pauses[query.text(0)] = query.is_null(1) ? std::nullopt : std::optional(query.time(1));
    }
    return pauses;
  });
}

void SqliteStore::save_ledger(const LedgerEntry& entry) {
  guarded([&] {
    Query(statement("INSERT INTO ledger (entry) VALUES (?)")).bind(stored_text(entry)).step();
    Query(statement("DELETE FROM ledger WHERE id <= (SELECT max(id) FROM ledger) - ?"))
        .bind(kLedgerEntries)
        .step();
  });
}

std::vector<LedgerEntry> SqliteStore::load_ledger() {
  return guarded([&] {
    Query query(statement("SELECT entry FROM ledger ORDER BY id"));
    std::vector<LedgerEntry> ledger;
    while (query.step()) ledger.push_back(ledger_entry_of(query.text(0)));
    return ledger;
  });
}

}  // namespace wm
