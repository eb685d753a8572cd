#include "config/toml_reader.h"

#include <sstream>

namespace wm {

std::string position(const std::string& name, const toml::source_region& where) {
  return name + ":" + std::to_string(where.begin.line) + ":" + std::to_string(where.begin.column);
}

Error error_at(const std::string& name, const toml::source_region& where, std::string_view what) {
  return {ErrorCode::invalid, position(name, where) + ": " + std::string(what)};
}

TomlReader::~TomlReader() {
  for (const auto& [key, node] : table_) {
    if (!known_.contains(key.str()) && !error_) {
      error_ =
          error_at(name_, key.source(), "unknown key '" + path_ + std::string(key.str()) + "'");
    }
  }
}

const toml::node* TomlReader::find(std::string_view key) {
  known_.emplace(key);
  return table_.get(key);
}

void TomlReader::fail(const toml::node& node, std::string_view key, const std::string& what) {
  if (!error_) error_ = error_at(name_, node.source(), path_ + std::string(key) + " " + what);
}

void TomlReader::fail(std::string_view key, const std::string& what) {
  const toml::node* node = table_.get(key);
  fail(node ? *node : static_cast<const toml::node&>(table_), key, what);
}

void TomlReader::read(std::string_view key, bool& value) {
  const toml::node* node = find(key);
  if (!node) return;
  if (const auto flag = node->value_exact<bool>()) {
    value = *flag;
  } else {
    fail(*node, key, "must be true or false");
  }
}

void TomlReader::read(std::string_view key, double& value, double least, double most) {
  const toml::node* node = find(key);
  if (!node) return;
  const auto number = node->value<double>();
  if (number && *number >= least && *number <= most) {
    value = *number;
  } else {
    std::ostringstream what;
    what << "must be a number from " << least << " to " << most;
    fail(*node, key, what.str());
  }
}

void TomlReader::read(std::string_view key, std::string& value) {
  const toml::node* node = find(key);
  if (!node) return;
  if (auto text = node->value_exact<std::string>()) {
    value = std::move(*text);
  } else {
    fail(*node, key, "must be a string");
  }
}

void TomlReader::read(std::string_view key, Duration& value) {
  const toml::node* node = find(key);
  if (!node) return;
  const auto duration = parse_duration(node->value_exact<std::string>().value_or(""));
  if (duration) {
    value = *duration;
  } else {
    fail(*node, key, "must be a duration in quotes, such as \"90s\" or \"1h30m\"");
  }
}

void TomlReader::read(std::string_view key, std::vector<std::string>& value) {
  const toml::node* node = find(key);
  if (!node) return;
  const toml::array* list = node->as_array();
  if (!list ||
      !std::all_of(list->begin(), list->end(), [](auto& item) { return item.is_string(); })) {
    return fail(*node, key, "must be a list of strings");
  }
  value.clear();
  for (const toml::node& item : *list) value.push_back(**item.as_string());
}

void TomlReader::read(std::string_view key, std::map<std::string, std::string>& value) {
  const toml::node* node = find(key);
  if (!node) return;
  if (!node->is_table()) return fail(*node, key, "must be a table of strings");
  for (const auto& [name, item] : *node->as_table()) {
    const auto text = item.value_exact<std::string>();
    if (!text)
      return fail(item, std::string(key) + "." + std::string(name.str()), "must be a string");
    value[std::string(name.str())] = *text;
  }
}

}  // namespace wm
