#include "daemon/store/stored_form.h"

#include <array>

#include "core/json_reader.h"
#include "core/request_json.h"
#include "daemon/store/store.h"

namespace wm {

namespace json = boost::json;

namespace {

json::object object_of(const std::string& what, const std::string& text,
                       json::storage_ptr memory = {}) {
  auto object = parse_object("a stored " + what, text, std::move(memory));
  if (!object) throw StoreError(object.error().message);
  return std::move(*object);
}

void check_read(const Result<>& read) {
  if (!read) throw StoreError("in what is stored, " + read.error().message);
}

void add_part(const std::string& what, const std::string& text, WorkRequest& request) {
  std::array<unsigned char, 2048> buffer;  // Most documents are shorter.
  json::monotonic_resource memory(buffer.data(), buffer.size());
  check_read(read_part(object_of(what, text, &memory), request, Form::stored));
}

json::array array_of(const std::string& what, const std::string& text) {
  json::error_code problem;
  json::value list = json::parse(text.empty() ? "[]" : text, problem);
  if (problem || !list.is_array()) throw StoreError("a stored " + what + " is no list");
  return std::move(list.get_array());
}

// The constraint's number, or another name: that of a declared condition, or of a group.
json::value stored_name(const std::string& name) {
  const auto constraint = parse_word<Constraint>(name);
  return constraint ? json::value(std::int64_t(number_of(*constraint))) : json::value(name);
}

std::string name_of(const json::value& stored) {
  if (const auto* text = stored.if_string()) return std::string(*text);
  const std::int64_t* number = stored.if_int64();
  const bool known = number && std::cmp_less(*number, Words<Constraint>::list.size());
  return known ? std::string(word(static_cast<Constraint>(*number))) : "";
}

}  // namespace

std::string stored_policy(const Policy& policy) {
  WorkRequest request;
  static_cast<Policy&>(request) = policy;
  return json::serialize(part_to_json(request, {Part::policy}, Form::stored));
}

Policy policy_of(const std::string& text) {
  WorkRequest request;
  add_part("policy", text, request);
  return static_cast<const Policy&>(request);
}

std::string stored_rest(const WorkRequest& request) {
  return json::serialize(
      part_to_json(request, {Part::own, Part::exit_rules, Part::bounds}, Form::stored));
}

WorkRequest request_of(const std::string& rest, const Policy& policy) {
  WorkRequest request;
  add_part("request", rest, request);
  static_cast<Policy&>(request) = policy;
  return request;
}

const SharedPolicy& StoredPolicies::of(const std::string& document) {
  const auto known = known_.find(document);
  if (known != known_.end()) return known->second;
  constexpr std::size_t kMostKnown = 256;
  if (known_.size() >= kMostKnown) known_.clear();
  return known_.emplace(document, policy_of(document)).first->second;
}

std::string stored_text(const RunProgress& progress) {
  json::object object;
  if (progress.percent) object["percent"] = *progress.percent;
  if (!progress.data.empty()) object["data"] = json::parse(progress.data);
  return json::serialize(object);
}

RunProgress progress_of(const std::string& text) {
  RunProgress progress;
  std::optional<json::object> data;
  const json::object object = object_of("progress", text);
  JsonReader(object).read("percent", progress.percent).read("data", data);
  if (data) progress.data = json::serialize(*data);
  return progress;
}

std::string stored_text(const LedgerEntry& entry) {
  const Conditions& then = entry.conditions;
  json::object object{{"from", entry.from.time_since_epoch().count()}};
  if (then.network) {
    object["network"] = {then.network->connected, then.network->metered, then.network->roaming};
  }
  json::object holds;
  for (const ConstraintDef& one : kConstraints) {
    if (const auto& value = then.holds[one.id]) holds[std::to_string(number_of(one.id))] = *value;
  }
  if (!holds.empty()) object["holds"] = std::move(holds);
  if (!then.custom.empty()) object["custom"] = json::value_from(then.custom);
  if (!entry.paused.empty()) object["paused"] = json::value_from(entry.paused);
  if (entry.shutting_down) object["shuttingDown"] = true;
  if (entry.unattended) object["unattended"] = true;
  return json::serialize(object);
}

LedgerEntry ledger_entry_of(const std::string& text) {
  LedgerEntry entry;
  Conditions& then = entry.conditions;
  std::int64_t from = 0;
  std::map<std::string, bool> holds;
  std::vector<std::string> paused;
  const json::object object = object_of("ledger entry", text);
  JsonReader(object)
      .read("from", from)
      .read("holds", holds)
      .read("custom", then.custom)
      .read("paused", paused)
      .read("shuttingDown", entry.shutting_down)
      .read("unattended", entry.unattended);
  entry.from = TimePoint{Duration{from}};
  entry.paused = {paused.begin(), paused.end()};
  for (const ConstraintDef& one : kConstraints) {
    const auto value = holds.find(std::to_string(number_of(one.id)));
    if (value != holds.end()) then.holds[one.id] = value->second;
  }
  if (const json::value* network = object.if_contains("network")) {
    const json::array* flags = network->if_array();
    if (!flags || flags->size() != 3) throw StoreError("a stored network is not three flags");
    then.network = {(*flags)[0].as_bool(), (*flags)[1].as_bool(), (*flags)[2].as_bool()};
  }
  return entry;
}

std::string stored_text(const std::vector<Waited>& waited) {
  if (waited.empty()) return "";
  json::array list;
  for (const Waited& one : waited) {
    list.push_back(json::array{static_cast<std::int64_t>(one.kind), stored_name(one.name),
                               std::int64_t{one.time.count()}});
  }
  return json::serialize(list);
}

std::vector<Waited> waited_of(const std::string& text) {
  std::vector<Waited> waited;
  for (const json::value& value : array_of("wait", text)) {
    const json::array* one = value.if_array();
    if (!one || one->size() != 3 || !(*one)[0].is_int64() || !(*one)[2].is_int64()) {
      throw StoreError("a stored wait is not [kind, name, time]");
    }
    waited.push_back({static_cast<WaitKind>((*one)[0].get_int64()), name_of((*one)[1]),
                      Duration{(*one)[2].get_int64()}});
  }
  return waited;
}

std::string stored_text(const std::vector<std::string>& list) {
  return list.empty() ? "" : json::serialize(json::value_from(list));
}

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> list;
  for (const json::value& one : array_of("list", text)) list.emplace_back(one.as_string());
  return list;
}

}  // namespace wm
