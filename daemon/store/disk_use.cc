// Disk use per owner beside the database: state directories and logs, and their total.
#include "daemon/store/rows.h"
#include "daemon/store/sqlite_store.h"

namespace wm {

std::optional<StateId> SqliteStore::find_state(uid_t owner, const std::string& unique_name) {
  return guarded([&]() -> std::optional<StateId> {
    Query query(statement("SELECT id FROM state WHERE owner = ? AND name = ?"));
    if (!query.bind(owner, unique_name).step()) return std::nullopt;
    return query.integer(0);
  });
}

bool SqliteStore::has_state(StateId id) {
  return guarded([&] {
    Query query(statement("SELECT 1 FROM state WHERE id = ?"));
    return query.bind(id).step();
  });
}

// A run of a name that already has a directory writes nothing.
void SqliteStore::use_state(WorkId id) {
  guarded([&] {
    Query(statement("INSERT INTO state (id, owner, name) SELECT random() & 0x7fffffffffffffff, "
                    "owner, name FROM work WHERE id = ? ON CONFLICT (owner, name) DO UPDATE SET "
                    "expires_at = NULL WHERE expires_at IS NOT NULL"))
        .bind(id)
        .step();
  });
}

void SqliteStore::release_states(const std::vector<WorkId>& ended, Duration keep) {
  static const std::string kRelease = release_of(
      "json_each(?2) ended CROSS JOIN work w ON w.id = ended.value", "w.expires_at > w.since + ?1");
  if (ended.empty()) return;
  guarded([&] {
    if (!Query(statement("SELECT 1 FROM state")).step()) return;
    Query(statement(kRelease)).bind(keep, json_list(ended)).step();
  });
}

void SqliteStore::forget_state(StateId id) {
  guarded([&] { Query(statement("DELETE FROM state WHERE id = ?")).bind(id).step(); });
}

std::vector<StateId> SqliteStore::expire_states(TimePoint now, int limit, Duration keep) {
  return guarded([&] {
    static const std::string kOfItsName = "work.owner = state.owner AND work.name = state.name";
    Query(statement("UPDATE state SET expires_at = NULL WHERE expires_at <= ? AND EXISTS (SELECT 1 "
                    "FROM work WHERE finished = 0 AND " +
                    kOfItsName + ")"))
        .bind(now)
        .step();
    Query(statement("UPDATE state SET expires_at = max(expires_at, coalesce((SELECT "
                    "max(finished_at) FROM work JOIN run ON run.work = work.id WHERE " +
                    kOfItsName + ") + ?1, 0)) WHERE expires_at <= ?2"))
        .bind(keep, now)
        .step();
    Query query(
        statement("DELETE FROM state WHERE id IN (SELECT id FROM state WHERE expires_at <= ? LIMIT "
                  "?) RETURNING id"));
    query.bind(now, limit);
    return ids_of(query);
  });
}

void SqliteStore::save_log_size(WorkId id, int run, std::int64_t bytes) {
  guarded([&] {
    Query(statement("UPDATE run SET log_bytes = ? WHERE work = ? AND number = ?"))
        .bind(bytes, id, run)
        .step();
  });
}

std::vector<RemovedLog> SqliteStore::remove_logs(uid_t owner, std::int64_t bytes, int limit) {
  return guarded([&] {
    std::vector<std::int64_t> ids;
    std::vector<RemovedLog> logs;
    {
      Query query(
          statement("SELECT id, work, number, log_bytes FROM run WHERE owner = ? AND log_bytes > 0 "
                    "ORDER BY id LIMIT ?"));
      query.bind(owner, limit);
      for (std::int64_t left = bytes; left > 0 && query.step(); left -= logs.back().bytes) {
        ids.push_back(query.integer(0));
        logs.push_back({{query.integer(1), static_cast<int>(query.integer(2))}, query.integer(3)});
      }
    }
    for (const std::int64_t id : ids) {
      Query(statement("UPDATE run SET log_bytes = 0, log_removed = 1 WHERE id = ?"))
          .bind(id)
          .step();
    }
    return logs;
  });
}

// A trigger would make SQLite keep, for each insertion, what that may have to take back. Triggers
// do follow all later changes, which must find the sum complete.
void SqliteStore::add_inserted_bytes() {
  guarded([&] {
    for (const auto& [owner, bytes] : inserted_bytes_) {
      Query(statement("INSERT INTO owner_use (owner, work_bytes) VALUES (?, ?) ON CONFLICT (owner) "
                      "DO UPDATE SET work_bytes = work_bytes + excluded.work_bytes"))
          .bind(owner, bytes)
          .step();
    }
  });
  inserted_bytes_.clear();
}

OwnerUse SqliteStore::use_of(uid_t owner) {
  return guarded([&] {
    OwnerUse use{owner};
    Query query(statement("SELECT work_bytes, log_bytes FROM owner_use WHERE owner = ?"));
    if (query.bind(owner).step()) use = {owner, query.integer(0), query.integer(1)};
    if (const auto more = inserted_bytes_.find(owner); more != inserted_bytes_.end()) {
      use.work_bytes += more->second;
    }
    return use;
  });
}

std::vector<OwnerUse> SqliteStore::uses() {
  return guarded([&] {
    add_inserted_bytes();
    Query query(
        statement("SELECT owner, work_bytes, log_bytes FROM owner_use WHERE work_bytes > 0 "
                  "OR log_bytes > 0 ORDER BY owner"));
    std::vector<OwnerUse> uses;
    while (query.step()) {
      uses.push_back({static_cast<uid_t>(query.integer(0)), query.integer(1), query.integer(2)});
    }
    return uses;
  });
}

}  // namespace wm
