#include "daemon/store/wire_documents.h"

#include <algorithm>
#include <functional>
#include <span>
#include <stdexcept>

#include <SQLiteCpp/Statement.h>
#include <boost/json.hpp>

#include "core/time.h"

namespace wm {

namespace json = boost::json;

namespace {

using Names = std::span<const std::string_view>;

// A member of the old form, and its number in the new one. An enumerator's number is its place in
// `names`.
struct OldMember {
  std::string_view key;
  int number;
  Names names = {};
};

constexpr std::string_view kKinds[]{"oneoff", "periodic", "processing"};
constexpr std::string_view kIoClasses[]{"", "best-effort", "idle"};
constexpr std::string_view kCadences[]{"interval", "fixed"};
constexpr std::string_view kMerges[]{"overwrite", "arrays"};
constexpr std::string_view kOutOfQuotas[]{"run-as-non-expedited", "drop"};
constexpr std::string_view kBackoffs[]{"exponential", "linear"};
constexpr std::string_view kNotices[]{"started", "succeeded", "failed", "retried", "stopped"};
constexpr std::string_view kNetworks[]{"not-required", "connected", "unmetered", "metered",
                                       "not-roaming"};
constexpr std::string_view kWaits[]{"constraint",   "delay",   "backoff",  "period",
                                    "prerequisite", "slot",    "group",    "paused",
                                    "quota",        "trigger", "replaced", "daemon"};

constexpr OldMember kMembers[]{
    {"uniqueName", 1},
    {"taskName", 2},
    {"command", 3},
    {"kind", 4, kKinds},
    {"input", 6},
    {"env", 7},
    {"cwd", 8},
    {"as", 9},
    {"nice", 10},
    {"ioClass", 11, kIoClasses},
    {"memoryMaxBytes", 12},
    {"cpuWeight", 13},
    {"tasksMax", 14},
    {"initialDelayMs", 22},
    {"deadlineMs", 24},
    {"onPath", 25},
    {"triggerDelayMs", 26},
    {"triggerMaxDelayMs", 27},
    {"everyMs", 28},
    {"flexMs", 29},
    {"cadence", 30, kCadences},
    {"calendar", 31},
    {"prerequisites", 40},
    {"merge", 41, kMerges},
    {"priority", 42},
    {"group", 43},
    {"expedited", 44},
    {"outOfQuota", 45, kOutOfQuotas},
    {"maxAttempts", 52},
    {"retryOnCrash", 53},
    {"failOn", 54},
    {"retryOn", 55},
    {"successOn", 56},
    {"timeLimitMs", 57},
    {"stopGraceMs", 58},
    {"tags", 60},
    {"notify", 61, kNotices},
    {"keepResultsMs", 62},
    {"description", 63},
};
constexpr OldMember kBackoffMembers[]{{"policy", 50, kBackoffs}, {"delayMs", 51}};
constexpr OldMember kConstraintMembers[]{
    {"network", 0, kNetworks}, {"charging", 1}, {"batteryNotLow", 2},
    {"storageNotLow", 3},      {"idle", 4},     {"custom", 15},
};
constexpr int kAt = 23;
constexpr int kPrefer = 20;
constexpr int kFirstConstraint = 100;

[[noreturn]] void refuse(std::string_view what) {
  throw std::runtime_error("in the database, " + std::string(what) + " means nothing");
}

std::int64_t place_of(std::string_view word, Names names) {
  const auto found = std::ranges::find(names, word);
  if (found == names.end()) refuse("'" + std::string(word) + "'");
  return found - names.begin();
}

json::value numbered(const json::value& value, Names names) {
  if (names.empty()) return value;
  if (const json::array* list = value.if_array()) {
    json::array numbers;
    for (const json::value& one : *list) numbers.emplace_back(place_of(one.as_string(), names));
    return numbers;
  }
  return place_of(value.as_string(), names);
}

std::int64_t time_of(const json::value& value) {
  const auto time = parse_time(value.as_string());
  if (!time) refuse(value.as_string());
  return time->time_since_epoch().count();
}

// Adds the members of `old` that the table knows to `target`.
void add_members(const json::object& old, std::span<const OldMember> members, int first,
                 json::object& target) {
  for (const auto& [key, value] : old) {
    const auto member = std::ranges::find(members, std::string_view(key), &OldMember::key);
    if (member == members.end()) refuse("'" + std::string(key) + "'");
    target[std::to_string(first + member->number)] = numbered(value, member->names);
  }
}

json::array preferences(const json::array& old) {
  json::array list;
  for (const json::value& one : old) {
    json::object constraints;
    add_members(one.at("constraints").as_object(), kConstraintMembers, 0, constraints);
    list.push_back(json::array{std::move(constraints), one.at("relaxAfterMs")});
  }
  return list;
}

std::string request_document(const std::string& text) {
  json::object old = json::parse(text).as_object();
  json::object document;
  if (const json::value* constraints = old.if_contains("constraints")) {
    add_members(constraints->as_object(), kConstraintMembers, kFirstConstraint, document);
  }
  if (const json::value* backoff = old.if_contains("backoff")) {
    add_members(backoff->as_object(), kBackoffMembers, 0, document);
  }
  if (const json::value* at = old.if_contains("at")) document[std::to_string(kAt)] = time_of(*at);
  if (const json::value* prefer = old.if_contains("prefer")) {
    document[std::to_string(kPrefer)] = preferences(prefer->as_array());
  }
  for (const char* const done : {"constraints", "backoff", "at", "prefer"}) old.erase(done);
  add_members(old, kMembers, 0, document);
  return json::serialize(document);
}

std::string ledger_document(const std::string& text) {
  json::object entry = json::parse(text).as_object();
  entry["from"] = time_of(entry.at("from"));
  if (json::value* network = entry.if_contains("network")) {
    *network =
        json::array{network->at("connected"), network->at("metered"), network->at("roaming")};
  }
  json::object holds;
  for (const auto& [key, number, names] : kConstraintMembers) {
    if (key == "network" || key == "custom" || !entry.contains(key)) continue;
    holds[std::to_string(number)] = entry.at(key);
    entry.erase(key);
  }
  if (!holds.empty()) entry["holds"] = std::move(holds);
  return json::serialize(entry);
}

json::value waited_name(const json::object& one) {
  const json::value* name = one.if_contains("name");
  if (!name) return json::string();
  constexpr std::pair<std::string_view, int> kNames[]{
      {"network", 0}, {"charging", 1}, {"battery-not-low", 2}, {"storage-not-low", 3}, {"idle", 4}};
  for (const auto& [word, number] : kNames) {
    if (name->as_string() == word) return number;
  }
  return *name;
}

std::string waited_document(const std::string& text) {
  const json::value old = json::parse(text);
  json::array list;
  for (const json::value& value : old.as_array()) {
    const json::object& one = value.as_object();
    list.push_back(
        json::array{place_of(one.at("kind").as_string(), kWaits), waited_name(one), one.at("ms")});
  }
  return json::serialize(list);
}

// Rewrites that column of each row, identified by its id.
void rewrite(SQLite::Database& database, const std::string& table, const std::string& column,
             const std::function<std::string(const std::string&)>& document) {
  SQLite::Statement rows(database,
                         "SELECT id, " + column + " FROM " + table + " WHERE " + column + " <> ''");
  SQLite::Statement update(database, "UPDATE " + table + " SET " + column + " = ? WHERE id = ?");
  while (rows.executeStep()) {
    update.bind(1, document(rows.getColumn(1).getString()));
    update.bind(2, rows.getColumn(0).getInt64());
    update.exec();
    update.reset();
  }
}

}  // namespace

void rewrite_wire_documents(SQLite::Database& database) {
  rewrite(database, "policy", "document", request_document);
  rewrite(database, "work", "request", request_document);
  rewrite(database, "ledger", "entry", ledger_document);
  rewrite(database, "run", "waited", waited_document);
}

}  // namespace wm
