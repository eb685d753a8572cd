#include "core/request_json.h"

#include <algorithm>

#include "core/suggest.h"
#include "core/text.h"

namespace wm {

namespace json = boost::json;

namespace {

// Members by name: the wire's name, or the number.
using Members = TextMap<const Field*>;

std::string member_of(const Field& field, Form form) {
  if (form == Form::stored) return std::to_string(field.number);
  return std::string(field.object) + (field.object.empty() ? "" : ".") + std::string(field.json);
}

Members make_members(Form form) {
  Members members;
  for (const Field& field : request_fields()) {
    if (!field.json.empty()) members.emplace(member_of(field, form), &field);
  }
  return members;
}

const Members& members_of(Form form) {
  static const Members kWire = make_members(Form::wire);
  static const Members kStored = make_members(Form::stored);
  return form == Form::stored ? kStored : kWire;
}

const std::vector<std::string_view>& objects() {
  static const std::vector<std::string_view> kObjects{"constraints", "backoff"};
  return kObjects;
}

std::unexpected<Error> unknown_key(std::string_view key, std::string_view object) {
  std::vector<std::string_view> known;
  for (const Field& field : request_fields()) {
    if (field.object == object && !field.json.empty()) known.push_back(field.json);
  }
  if (object.empty()) known.insert(known.end(), objects().begin(), objects().end());
  return invalid("unknown key '" + printable(key) + "' in " +
                 (object.empty() ? "the work" : std::string(object)) + did_you_mean(key, known));
}

bool is_object(std::string_view key) { return std::ranges::count(objects(), key) > 0; }

// Reads the members of one of the request's objects, or of the request itself.
Result<> read_members(const json::object& object, std::string_view name, WorkRequest& request,
                      const Reading& reading) {
  const Members& members = members_of(reading.form);
  for (const auto& [key, value] : object) {
    if (value.is_null()) continue;
    if (name.empty() && reading.form == Form::wire && is_object(key)) {
      const json::object* inner = value.if_object();
      if (!inner) return invalid(std::string(key) + " must be a JSON object");
      if (auto read = read_members(*inner, key, request, reading); !read) return read;
      continue;
    }
    const auto member = name.empty() ? members.find(std::string_view(key))
                                     : members.find(std::string(name) + "." + std::string(key));
    if (member == members.end()) return unknown_key(key, name);
    auto read = member->second->value->in(value, request, reading);
    if (!read) return invalid(read.error().about(key));
  }
  return {};
}

const WorkRequest kPlain;

void add_parts(const WorkRequest& request, std::initializer_list<Part> parts, Form form,
               json::object& object) {
  const bool stored = form == Form::stored;
  for (const Field& field : request_fields()) {
    if (field.json.empty() || std::ranges::count(parts, field.part) == 0) continue;
    if ((stored || !field.always) && field.value->equal(request, kPlain)) continue;
    json::object* target = &object;
    if (!stored && !field.object.empty()) {
      json::value& inner = object[field.object];
      target = inner.is_object() ? &inner.get_object() : &inner.emplace_object();
    }
    json::value value = field.value->out(request, form);
    if (stored) {
      object[std::to_string(field.number)] = std::move(value);
    } else {
      (*target)[field.json] = std::move(value);
    }
  }
}

}  // namespace

json::object part_to_json(const WorkRequest& request, std::initializer_list<Part> parts,
                          Form form) {
  json::object object;
  add_parts(request, parts, form, object);
  return object;
}

Result<> read_part(const json::object& object, WorkRequest& request, Form form) {
  return read_members(object, "", request, {form});
}

void add_request(const WorkRequest& request, json::object& object) {
  add_parts(request, {Part::own, Part::policy, Part::exit_rules, Part::bounds}, Form::wire, object);
  if (!object.contains("constraints")) object["constraints"].emplace_object();
}

json::object to_json(const WorkRequest& request) {
  json::object object;
  add_request(request, object);
  return object;
}

Result<WorkRequest> request_from_json(const json::object& object) {
  WorkRequest request;
  auto read = read_part(object, request);
  return read ? Result<WorkRequest>(std::move(request)) : std::unexpected(read.error());
}

Result<WorkRequest> request_among(const json::object& object) {
  json::object known;
  for (const auto& [key, value] : object) {
    if (is_object(key) || members_of(Form::wire).contains(key)) known[key] = value;
  }
  return request_from_json(known);
}

}  // namespace wm
