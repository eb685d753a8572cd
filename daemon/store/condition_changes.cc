// The kept changes of conditions.
#include <algorithm>

#include "core/text.h"
#include "daemon/store/sqlite_store.h"
#include "daemon/store/statement.h"

namespace wm {
namespace {

constexpr const char* kColumns = "at, event, condition, value, source, detail, id";
constexpr int kConnected = 1;
constexpr int kMetered = 2;
constexpr int kRoaming = 4;

std::string stored(const std::optional<ConditionId>& condition) {
  if (!condition) return "";
  return std::to_string(number_of(condition->constraint)) +
         (condition->constraint == Constraint::custom ? ':' + condition->custom : "");
}

std::optional<ConditionId> condition_from(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const std::size_t colon = std::min(text.find(':'), text.size());
  const auto number = parse_number<int>(std::string_view(text).substr(0, colon));
  const auto known = std::ranges::find_if(kConstraints, [&](const ConstraintDef& one) {
    return number && std::cmp_equal(number_of(one.id), *number);
  });
  if (known == kConstraints.end()) throw StoreError("there is no condition " + text);
  return ConditionId(known->id, colon < text.size() ? text.substr(colon + 1) : "");
}

std::optional<std::int32_t> stored(const ConditionValue& value) {
  if (const auto* holds = std::get_if<bool>(&value)) return *holds ? 1 : 0;
  const auto* network = std::get_if<NetworkReading>(&value);
  if (!network) return std::nullopt;
  return (network->connected ? kConnected : 0) + (network->metered ? kMetered : 0) +
         (network->roaming ? kRoaming : 0);
}

ConditionValue value_from(const std::optional<ConditionId>& condition, std::int64_t number) {
  if (!condition || condition->constraint != Constraint::network) return number != 0;
  return NetworkReading{.connected = (number & kConnected) != 0,
                        .metered = (number & kMetered) != 0,
                        .roaming = (number & kRoaming) != 0};
}

ConditionChange change_of(const Query& query) {
  ConditionChange change{.at = query.time(0),
                         .event = query.enumerator<ConditionEvent>(1),
                         .condition = condition_from(query.text(2)),
                         .source = query.text(4),
                         .detail = query.text(5)};
  if (!query.is_null(3)) change.value = value_from(change.condition, query.integer(3));
  return change;
}

KeptChange kept_of(const Query& query) { return {change_of(query), query.integer(6)}; }

std::string select(const std::string& rest) {
  return std::string("SELECT ") + kColumns + " FROM condition_change " + rest;
}

}  // namespace

void SqliteStore::save_condition_changes(std::span<const ConditionChange> changes) {
  guarded([&] {
    for (const ConditionChange& one : changes) {
      Query(statement("INSERT INTO condition_change (at, event, condition, value, source, detail) "
                      "VALUES (?, ?, ?, ?, ?, ?)"))
          .bind(one.at, one.event, stored(one.condition), stored(one.value), one.source, one.detail)
          .step();
    }
    Query(statement("DELETE FROM condition_change WHERE id <= (SELECT max(id) FROM "
                    "condition_change) - ?"))
        .bind(kMostConditionChanges)
        .step();
  });
}

void SqliteStore::forget_condition_changes(TimePoint before, int limit) {
  guarded([&] {
    Query(statement("DELETE FROM condition_change WHERE id IN (SELECT id FROM condition_change "
                    "WHERE at < ? ORDER BY at LIMIT ?)"))
        .bind(before, limit)
        .step();
  });
}

std::optional<TimePoint> SqliteStore::oldest_condition_change() {
  return guarded([&]() -> std::optional<TimePoint> {
    Query query(statement("SELECT min(at) FROM condition_change"));
    if (!query.step() || query.is_null(0)) return std::nullopt;
    return query.time(0);
  });
}

std::vector<KeptChange> SqliteStore::condition_changes(TimePoint since,
                                                       const std::optional<KeptChange>& last,
                                                       int limit) {
  return guarded([&] {
    Query query(statement(select("WHERE (at, id) > (?, ?) ORDER BY at, id LIMIT ?")));
    if (last) {
      query.bind(last->change.at, last->id, limit);
    } else {
      query.bind(since, std::int64_t{0}, limit);
    }
    std::vector<KeptChange> page;
    while (query.step()) page.push_back(kept_of(query));
    return page;
  });
}

// Few conditions have many changes: one look at each.
std::vector<ConditionChange> SqliteStore::condition_changes_before(TimePoint time) {
  return guarded([&] {
    std::vector<std::string> conditions;
    std::string last;
    for (bool first = true;; first = false) {
      Query query(
          statement(first ? "SELECT min(condition) FROM condition_change WHERE condition >= ?"
                          : "SELECT min(condition) FROM condition_change WHERE condition > ?"));
      if (!query.bind(last).step() || query.is_null(0)) break;
      last = query.text(0);
      conditions.push_back(last);
    }
    std::vector<ConditionChange> changes;
    for (const std::string& one : conditions) {
      Query query(
          statement(select("WHERE condition = ? AND at < ? ORDER BY at DESC, id DESC LIMIT 1")));
      if (query.bind(one, time).step()) changes.push_back(change_of(query));
    }
    return changes;
  });
}

std::vector<KeptChange> SqliteStore::condition_changes_around(
    const std::optional<ConditionId>& condition, TimePoint time, int limit) {
  return guarded([&] {
    const std::string name = stored(condition);
    std::vector<KeptChange> changes;
    {
      Query query(
          statement(select("WHERE condition = ? AND at <= ? ORDER BY at DESC, id DESC LIMIT ?")));
      query.bind(name, time, limit);
      while (query.step()) changes.push_back(kept_of(query));
    }
    std::ranges::reverse(changes);
    Query query(statement(select("WHERE condition = ? AND at > ? ORDER BY at, id LIMIT ?")));
    query.bind(name, time, limit);
    while (query.step()) changes.push_back(kept_of(query));
    return changes;
  });
}

}  // namespace wm
