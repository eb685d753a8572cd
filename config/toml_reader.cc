#include "config/toml_reader.h"

#include <sstream>

#include "core/suggest.h"

namespace wm {

std::string TomlFile::place(const toml::source_region& where) const {
  const std::string line = std::to_string(where.begin.line);
  if (form == PlaceForm::line) return name + ": line " + line;
  return name + ":" + line + ":" + std::to_string(where.begin.column);
}

Error TomlFile::error_at(const toml::source_region& where, std::string_view what) const {
  return {ErrorCode::invalid, place(where) + ": " + std::string(what)};
}

TomlReader::~TomlReader() { finish(); }

bool TomlReader::finish() {
  for (const auto& [key, node] : table_) {
    if (known_.contains(key.str()) || error_) continue;
    error_ = file_.error_at(key.source(), "unknown key '" + path_ + std::string(key.str()) + "'" +
                                              did_you_mean_of(key.str(), known_));
  }
  return !error_;
}

const toml::node* TomlReader::find(std::string_view key) {
  known_.emplace(key);
  return table_.get(key);
}

void TomlReader::fail(const toml::node& node, std::string_view key, const std::string& what) {
  if (!error_) error_ = file_.error_at(node.source(), path_ + std::string(key) + " " + what);
}

void TomlReader::fail(std::string_view key, const std::string& what) {
  const toml::node* node = table_.get(key);
  fail(node ? *node : static_cast<const toml::node&>(table_), key, what);
}

void TomlReader::complain(std::string_view key, const std::string& sentence) {
  const toml::node* node = table_.get(key);
  const toml::node& at = node ? *node : static_cast<const toml::node&>(table_);
  const std::string about = key.empty() ? "" : path_ + std::string(key) + ": ";
  if (!error_) error_ = file_.error_at(at.source(), about + sentence);
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
