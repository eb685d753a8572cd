#include "core/constraint_forms.h"

#include <algorithm>

#include "core/field_forms.h"
#include "core/suggest.h"

namespace wm {

namespace json = boost::json;

namespace {

template <class Value>
using FormsOf = forms::Of<std::remove_cvref_t<Value>>;

std::string key_of(const ConstraintDef& def, Form form) {
  return form == Form::stored ? std::to_string(number_of(def.id)) : std::string(def.json);
}

const Constraints kNone;

}  // namespace

bool same_constraint(const ConstraintDef& def, const Constraints& a, const Constraints& b) {
  return with_value(def, a, [&](const auto& one) {
    return with_value(def, b, [&](const auto& other) {
      if constexpr (std::is_same_v<decltype(one), decltype(other)>) return one == other;
      return false;
    });
  });
}

json::value constraint_out(const ConstraintDef& def, const Constraints& constraints, Form form) {
  return with_value(def, constraints,
                    [&](const auto& value) { return FormsOf<decltype(value)>::out(value, form); });
}

Read<> constraint_in(const ConstraintDef& def, const json::value& json, Constraints& constraints,
                     const Reading& reading) {
  return with_value(def, constraints, [&](auto& value) {
    return FormsOf<decltype(value)>::in(json, value, reading);
  });
}

Read<> constraint_parse(const ConstraintDef& def, std::span<const std::string> texts,
                        Constraints& constraints) {
  return with_value(def, constraints, [&](auto& value) {
    for (const std::string& text : texts) {
      if (auto read = FormsOf<decltype(value)>::parse(text, value, {}); !read) return read;
    }
    return Read<>();
  });
}

std::span<const std::string_view> constraint_words(const ConstraintDef& def) {
  return with_value(def, kNone,
                    [](const auto& value) { return FormsOf<decltype(value)>::words(); });
}

std::string_view constraint_varlink_type(const ConstraintDef& def) {
  return with_value(def, kNone,
                    [](const auto& value) { return FormsOf<decltype(value)>::varlink(); });
}

json::object to_json(const Constraints& constraints, Form form) {
  json::object object;
  for (const ConstraintDef& def : kConstraints) {
    if (same_constraint(def, constraints, kNone)) continue;
    object[key_of(def, form)] = constraint_out(def, constraints, form);
  }
  return object;
}

Read<Constraints> read_constraints(const json::object& object, Form form) {
  Constraints constraints;
  for (const auto& [key, value] : object) {
    const auto def = std::ranges::find_if(
        kConstraints, [&](const ConstraintDef& one) { return key_of(one, form) == key; });
    if (def == kConstraints.end()) {
      std::vector<std::string> keys;
      for (const ConstraintDef& one : kConstraints) keys.push_back(key_of(one, form));
      return forms::bad("unknown key '" + printable(key) + "' in constraints" +
                        did_you_mean_of(std::string_view(key), keys));
    }
    if (value.is_null()) continue;
    auto read = constraint_in(*def, value, constraints, {form});
    if (!read) return forms::bad(read.error().about(key));
  }
  return constraints;
}

Read<Constraints> parse_constraint(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
  const auto* const by_option = std::ranges::find(kConstraints, name, &ConstraintDef::option);
  const auto constraint = by_option == kConstraints.end() ? parse_word<Constraint>(name)
                                                          : Result<Constraint>(by_option->id);
  if (!constraint) return forms::bad(constraint.error().message);
  const ConstraintDef& def = def_of(*constraint);
  const bool flag = def.form == ConstraintForm::flag;
  if (flag != value.empty()) {
    return forms::bad("'" + text + "': write " + name + (flag ? " alone" : "=VALUE"));
  }
  Constraints wanted;
  const std::string said[]{flag ? "yes" : value};
  auto read = constraint_parse(def, said, wanted);
  return read ? Read<Constraints>(std::move(wanted)) : std::unexpected(read.error());
}

std::vector<std::string> constraint_texts(const Constraints& constraints) {
  std::vector<std::string> texts;
  for (const ConstraintDef& def : kConstraints) {
    if (same_constraint(def, constraints, kNone)) continue;
    const json::value value = constraint_out(def, constraints, Form::written);
    const std::string name(def.name);
    if (value.is_bool()) texts.push_back(name);
    if (const auto* word = value.if_string()) texts.push_back(name + "=" + std::string(*word));
    if (const auto* list = value.if_array()) {
      for (const json::value& one : *list) {
        texts.push_back(name + "=" + std::string(one.get_string()));
      }
    }
  }
  return texts;
}

}  // namespace wm
