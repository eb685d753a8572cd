// Recorded jobs: their terms, their rows and their chains.
#include <limits>

#include <sqlite3.h>

#include "core/text.h"
#include "daemon/store/rows.h"
#include "daemon/store/sqlite_store.h"
#include "daemon/store/stored_form.h"

namespace wm {
namespace {

// A job that ended before its name went to another belongs to the history.
std::string state_condition(const WorkFilter& filter) {
  constexpr const char* kCurrent = "(w.superseded = 0 OR w.finished = 0)";
  if (filter.states.empty()) return filter.finished ? kCurrent : "w.finished = 0";
  std::vector<std::string> numbers;
  for (const WorkState state : filter.states) {
    numbers.push_back(std::to_string(static_cast<int>(state)));
  }
  return kCurrent + (" AND w.state IN (" + join(numbers)) + ")";
}

// The newest job of a name holds it. If that was forgotten, nobody does.
constexpr const char* kNewestOfName =
    "SELECT id, superseded, finished FROM work WHERE owner = ? AND name = ? ORDER BY id DESC LIMIT "
    "1";

// The first unfinished jobs of each owner after a job: a page of everybody's has no others.
constexpr const char* kFirstOfEachOwner =
    " AND w.id IN (SELECT f.id FROM owner_use o JOIN work f ON f.id IN (SELECT id FROM work WHERE "
    "owner = o.owner AND finished = 0 AND id > ? ORDER BY id LIMIT ?))";

// All unfinished jobs, of one owner or of all.
bool is_plain(const WorkFilter& filter) {
  return filter.states.empty() && !filter.finished && filter.tags.empty() &&
         filter.task_name.empty();
}

}  // namespace

std::int64_t SqliteStore::policy_id(const SharedPolicy& policy) {
  const auto known = policy_ids_.find(policy);
  if (known != policy_ids_.end()) return known->second;
  const std::string document = stored_policy(policy);
  Query(statement("INSERT OR IGNORE INTO policy (document) VALUES (?)")).bind(document).step();
  Query query(statement("SELECT id FROM policy WHERE document = ?"));
  query.bind(document).step();
  constexpr std::size_t kMostKnown = 256;
  if (policy_ids_.size() >= kMostKnown) policy_ids_.clear();
  return policy_ids_[policy] = query.integer(0);
}

// A job has given up that policy: if no other has it, it is deleted.
void SqliteStore::drop_unused_policy(std::int64_t id) {
  Query(
      statement("DELETE FROM policy WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM work WHERE policy "
                "= ?1)"))
      .bind(id)
      .step();
  std::erase_if(policy_ids_, [id](const auto& known) { return known.second == id; });
}

void SqliteStore::supersede(WorkId holder) {
  guarded(
      [&] { Query(statement("UPDATE work SET superseded = 1 WHERE id = ?")).bind(holder).step(); });
}

WorkId SqliteStore::insert(const NewWork& fresh, const std::vector<WorkId>& prerequisites) {
  return guarded([&] {
    const WorkRequest& request = fresh.request;
    const Work& work = fresh.work;
    const std::string made = fresh.stored.empty() ? stored_rest(request) : "";
    const std::string& rest = fresh.stored.empty() ? made : fresh.stored;
    Query(statement("INSERT INTO work (uuid, owner, name, task, applied, request, policy, "
                    "registered_at, keep, state, enqueued_at, since, due, period_ends, attempts, "
                    "runs, periods, generation, blocked_on, timing, stopping, run_now, settling, "
                    "expedited, at, began) VALUES "
                    "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"))
        .bind(Lasting{fresh.uuid}, work.owner, Lasting{request.unique_name},
              Lasting{request.task_name}, fresh.applied, Lasting{rest}, policy_id(work.policy),
              fresh.registered_at, request.keep_results, work.state, work.enqueued_at, work.since,
              work.due, work.period_ends, work.attempts, work.runs, work.periods, work.generation,
              work.blocked_on, work.timing, work.stopping, work.run_now, work.settling,
              work.expedited, work.at, work.began)
        .step();
    const WorkId id = database_.getLastInsertRowid();
    inserted_bytes_[work.owner] += static_cast<std::int64_t>(rest.size());
    insert_tags(id, request.tags);
    std::int32_t position = 0;
    for (const WorkId prerequisite : prerequisites) {
      Query(statement("INSERT INTO prerequisite (work, position, prerequisite) VALUES (?, ?, ?)"))
          .bind(id, position++, prerequisite)
          .step();
    }
    return id;
  });
}

void SqliteStore::insert_tags(WorkId id, const std::vector<std::string>& tags) {
  for (const std::string& tag : tags) {
    Query(statement("INSERT OR IGNORE INTO tag (tag, work) VALUES (?, ?)")).bind(tag, id).step();
  }
}

void SqliteStore::save(const Work& work, Duration keep) {
  static const std::string kRow =
      "UPDATE work SET state = ?1, enqueued_at = ?2, since = ?3, due = ?4, period_ends = ?5, "
      "attempts = ?6, runs = ?7, periods = ?8, generation = ?9, blocked_on = ?10, timing = ?11, "
      "stopping = ?12, run_now = ?13, settling = ?14, expedited = ?15, at = ?16, began = ?17, "
      "waited_until = ?18, waited = ?19, "
      "progress = CASE WHEN ?1 = 0 THEN progress ELSE '' END";
  static const std::string kStaysUnfinished = kRow + " WHERE id = ?20 AND finished = 0";
  static const std::string kAny = kRow +
                                  ", finished = ?1 >= 3, expires_at = CASE WHEN ?1 >= 3 THEN "
                                  "?3 + coalesce(keep, ?21) END WHERE id = ?20";
  const EarlierWaits& earlier = work.rare.get().earlier;
  const auto bind = [&](Query& query) -> Query& {
    return query.bind(work.state, work.enqueued_at, work.since, work.due, work.period_ends,
                      work.attempts, work.runs, work.periods, work.generation, work.blocked_on,
                      work.timing, work.stopping, work.run_now, work.settling, work.expedited,
                      work.at, work.began, earlier.until, stored_text(earlier.waited), work.id);
  };
  guarded([&] {
    // Most rows stay unfinished: then no index changes.
    if (!is_finished(work.state)) {
      Query query(statement(kStaysUnfinished));
      bind(query).step();
      if (sqlite3_changes64(database_.getHandle()) > 0) return;
    }
    Query query(statement(kAny));
    bind(query).bind(keep).step();
  });
}

void SqliteStore::save_cancelled(const std::vector<WorkId>& ids, TimePoint since, StopReason why,
                                 Duration keep) {
  guarded([&] {
    for (std::size_t first = 0, end = 0; first < ids.size(); first = end) {
      for (end = first + 1; end < ids.size() && ids[end] == ids[end - 1] + 1;) ++end;
      Query(statement("UPDATE work SET state = ?1, since = ?2, stopping = ?3, finished = 1, "
                      "expires_at = ?2 + coalesce(keep, ?4), progress = '' WHERE id BETWEEN ?5 AND "
                      "?6"))
          .bind(WorkState::cancelled, since, why, keep, ids[first], ids[end - 1])
          .step();
    }
  });
}

void SqliteStore::update(WorkId id, const WorkRequest& request, bool applied) {
  guarded([&] {
    add_inserted_bytes();
    const std::int64_t policy = policy_id(SharedPolicy(static_cast<const Policy&>(request)));
    const std::int64_t before = [&] {
      Query query(statement("SELECT policy FROM work WHERE id = ?"));
      return query.bind(id).step() ? query.integer(0) : policy;
    }();
    Query(statement("UPDATE work SET task = ?, request = ?, policy = ?, keep = ?, applied = ?, "
                    "progress = '' "
                    "WHERE id = ?"))
        .bind(request.task_name, stored_rest(request), policy, request.keep_results, applied, id)
        .step();
    if (before != policy) drop_unused_policy(before);
    Query(statement("DELETE FROM tag WHERE work = ?")).bind(id).step();
    insert_tags(id, request.tags);
  });
}

void SqliteStore::save_paths_seen(WorkId id, std::int64_t fingerprint) {
  guarded([&] {
    Query(statement("UPDATE work SET paths_seen = ? WHERE id = ?")).bind(fingerprint, id).step();
  });
}

std::optional<std::int64_t> SqliteStore::load_paths_seen(WorkId id) {
  return guarded([&]() -> std::optional<std::int64_t> {
    Query query(statement("SELECT paths_seen FROM work WHERE id = ? AND paths_seen IS NOT NULL"));
    if (!query.bind(id).step()) return std::nullopt;
    return query.integer(0);
  });
}

void SqliteStore::save_output(WorkId id, const std::string& output) {
  guarded([&] {
    add_inserted_bytes();
    Query(statement("UPDATE work SET output = ? WHERE id = ?")).bind(output, id).step();
  });
}

void SqliteStore::save_progress(WorkId id, const RunProgress& progress) {
  guarded([&] {
    Query(statement("UPDATE work SET progress = ? WHERE id = ?"))
        .bind(stored_text(progress), id)
        .step();
  });
}

std::optional<WorkId> SqliteStore::find(uid_t owner, const std::string& unique_name) {
  return guarded([&]() -> std::optional<WorkId> {
    Query query(statement(kNewestOfName));
    if (!query.bind(owner, unique_name).step() || query.integer(1) != 0) return std::nullopt;
    return query.integer(0);
  });
}

std::vector<std::string> SqliteStore::names(uid_t owner, int most) {
  return guarded([&] {
    Query query(
        statement("SELECT name FROM (SELECT name FROM work WHERE owner = ?1 AND finished = 0 LIMIT "
                  "?2) UNION ALL SELECT name FROM (SELECT owner, name FROM work ORDER BY id DESC "
                  "LIMIT ?2) WHERE owner = ?1"));
    query.bind(owner, most);
    std::vector<std::string> names;
    while (query.step()) names.push_back(query.text(0));
    return names;
  });
}

std::optional<uid_t> SqliteStore::owner_of(const std::string& unique_name) {
  return guarded([&]() -> std::optional<uid_t> {
    Query query(statement("SELECT owner FROM work WHERE name = ? LIMIT 1"));
    if (!query.bind(unique_name).step()) return std::nullopt;
    return static_cast<uid_t>(query.integer(0));
  });
}

std::optional<WorkInfo> SqliteStore::info(WorkId id) {
  return guarded([&]() -> std::optional<WorkInfo> {
    static const std::string kOne = kInfoQuery + " WHERE w.id = ?";
    Query query(statement(kOne));
    if (!query.bind(id).step()) return std::nullopt;
    return info_of(query, policies_);
  });
}

std::vector<WorkInfo> SqliteStore::infos(std::span<const WorkId> ids) {
  return guarded([&] {
    static const std::string kSeveral =
        kInfoColumns + "FROM json_each(?) asked CROSS JOIN work w ON w.id = asked.value" +
        kInfoJoins + " ORDER BY asked.key";
    Query query(statement(kSeveral));
    query.bind(json_list(ids));
    std::vector<WorkInfo> works;
    works.reserve(ids.size());
    while (query.step()) works.push_back(info_of(query, policies_));
    return works;
  });
}

std::vector<WorkInfo> SqliteStore::list(const WorkFilter& filter) {
  return guarded([&] {
    Where where(state_condition(filter));
    where.add("w.id > ?", filter.after);
    if (filter.up_to) where.add("w.id <= ?", *filter.up_to);
    // Each owner's unfinished jobs have an index in the order of the list.
    if (filter.owner) where.add(is_plain(filter) ? "w.owner = ?" : "+w.owner = ?", *filter.owner);
    if (is_plain(filter) && !filter.owner) {
      where.extend(kFirstOfEachOwner, filter.after, filter.limit);
    }
    if (!filter.task_name.empty()) where.add("w.task = ?", filter.task_name);
    if (!filter.tags.empty()) {
      where.add("w.id IN (SELECT work FROM tag WHERE tag IN (SELECT value FROM json_each(?))",
                json_list(filter.tags));
      where.extend(" AND work > ? AND work <= ?)", filter.after,
                   filter.up_to.value_or(std::numeric_limits<WorkId>::max()));
    }
    Query query(statement(kInfoQuery + where.sql() + " ORDER BY w.id LIMIT ?"));
    where.bind(query);
    query.bind(filter.limit);
    std::vector<WorkInfo> works;
    while (query.step()) works.push_back(info_of(query, policies_));
    return works;
  });
}

// Bounds the jobs that a page looks at, however few of them the filter leaves.
std::optional<WorkId> SqliteStore::reach(const WorkFilter& filter, int most) {
  return guarded([&]() -> std::optional<WorkId> {
    if (is_plain(filter)) return std::nullopt;
    const bool tagged = !filter.tags.empty();
    Query query(statement(
        tagged ? "SELECT work FROM tag WHERE work > ? AND tag IN (SELECT value FROM json_each(?)) "
                 "ORDER BY work LIMIT 1 OFFSET ?"
               : "SELECT id FROM work WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"));
    query.bind(filter.after);
    if (tagged) query.bind(json_list(filter.tags));
    if (!query.bind(most - 1).step()) return std::nullopt;
    return query.integer(0);
  });
}

std::vector<WorkId> SqliteStore::unfinished(std::optional<uid_t> owner, const std::string& tag) {
  return guarded([&] {
    Where where("w.finished = 0");
    if (owner) where.add("w.owner = ?", *owner);
    if (!tag.empty()) where.add("w.id IN (SELECT work FROM tag WHERE tag = ?)", tag);
    Query query(statement("SELECT w.id FROM work w" + where.sql() + " ORDER BY w.id"));
    where.bind(query);
    return ids_of(query);
  });
}

NameRecord SqliteStore::record_of(uid_t owner, const std::string& unique_name) {
  return guarded([&] {
    NameRecord record;
    Query newest(statement(kNewestOfName));
    if (!newest.bind(owner, unique_name).step()) return record;
    Query before(
        statement("SELECT id FROM work WHERE owner = ? AND name = ? AND superseded = 1 AND "
                  "finished = 0 ORDER BY id"));
    record.unfinished = ids_of(before.bind(owner, unique_name));
    if (newest.integer(1) != 0) return record;
    record.holder = newest.integer(0);
    if (newest.integer(2) == 0) record.unfinished.push_back(newest.integer(0));
    return record;
  });
}

std::vector<WorkId> SqliteStore::applied(uid_t owner) {
  return guarded([&] {
    Query query(statement(
        "SELECT id FROM work WHERE owner = ? AND applied = 1 AND superseded = 0 ORDER BY id"));
    query.bind(owner);
    return ids_of(query);
  });
}

std::vector<ChainLink> SqliteStore::prerequisites(WorkId id) {
  return guarded([&] {
    Query query(
        statement("SELECT w.id, w.name, w.state, w.since FROM prerequisite p JOIN work w ON "
                  "w.id = p.prerequisite WHERE p.work = ? ORDER BY p.position"));
    query.bind(id);
    return links_of(query);
  });
}

std::vector<ChainLink> SqliteStore::dependents(WorkId id, int limit) {
  return guarded([&] {
    Query query(
        statement("SELECT w.id, w.name, w.state, w.since FROM prerequisite p JOIN work w ON "
                  "w.id = p.work WHERE p.prerequisite = ? ORDER BY w.id LIMIT ?"));
    query.bind(id, limit);
    return links_of(query);
  });
}

std::vector<std::string> SqliteStore::outputs_of_prerequisites(WorkId id) {
  return guarded([&] {
    Query query(
        statement("SELECT w.output FROM prerequisite p JOIN work w ON w.id = p.prerequisite "
                  "WHERE p.work = ? AND w.output <> '' ORDER BY p.position"));
    query.bind(id);
    std::vector<std::string> outputs;
    while (query.step()) outputs.push_back(query.text(0));
    return outputs;
  });
}

std::vector<StoredWork> SqliteStore::load() {
  return guarded([&] {
    std::unordered_map<std::int64_t, SharedPolicy> policies;
    Query all_policies(statement("SELECT id, document FROM policy"));
    while (all_policies.step()) {
      policies[all_policies.integer(0)] = SharedPolicy(policy_of(all_policies.text(1)));
    }
    Query query(
        statement(std::string("SELECT ") + kRowColumns +
                  ", w.policy FROM work w INDEXED BY work_unfinished WHERE w.finished = 0"));
    std::vector<StoredWork> works;
    while (query.step()) {
      Work& work = works.emplace_back().work;
      work = row_of(query);
      work.policy = work.run_policy = policies.at(query.integer(kRowWidth));
    }
    // They come owner by owner.
    const auto id = [](const StoredWork& stored) { return stored.work.id; };
    if (!std::ranges::is_sorted(works, {}, id)) std::ranges::sort(works, {}, id);
    load_prerequisites(works);
    return works;
  });
}

// Loads the prerequisites of blocked jobs that have not ended.
void SqliteStore::load_prerequisites(std::vector<StoredWork>& works) {
  Query query(
      statement("SELECT p.work, p.prerequisite FROM prerequisite p JOIN work w ON w.id = "
                "p.work JOIN work q ON q.id = p.prerequisite WHERE w.finished = 0 AND q.state "
                "< 3 ORDER BY p.work, p.position"));
  auto work = works.begin();
  while (query.step()) {
    while (work->work.id != query.integer(0)) ++work;
    work->prerequisites.push_back(query.integer(1));
  }
}

}  // namespace wm
