// Reads a TOML table strictly: every key must be known and have its type and bounds; errors say
// where.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <toml++/toml.h>

#include "core/time.h"
#include "core/words.h"

namespace wm {

/// `NAME:line:column`, for programs that use it; `NAME: line N`, for people.
enum class PlaceForm : std::uint8_t { line_and_column, line };

/// The file that errors name.
struct TomlFile {
  std::string name;
  PlaceForm form = PlaceForm::line_and_column;

  std::string place(const toml::source_region& where) const;
  /// `PLACE: what`.
  Error error_at(const toml::source_region& where, std::string_view what) const;
};

/// One table of a file. `error` keeps the first error of the whole file, as `PLACE: PATH what is
/// wrong`.
class TomlReader {
 public:
  TomlReader(const toml::table& table, std::string path, const TomlFile& file,
             std::optional<Error>& error)
      : table_(table), path_(std::move(path)), file_(file), error_(error) {}

  /// Calls finish().
  ~TomlReader();
  TomlReader(const TomlReader&) = delete;
  TomlReader& operator=(const TomlReader&) = delete;

  bool has(std::string_view key) const { return table_.contains(key); }

  /// The value of that key, which is known from now on; nullptr: there is none.
  const toml::node* find(std::string_view key);

  void read(std::string_view key, bool& value);
  void read(std::string_view key, std::string& value);
  void read(std::string_view key, Duration& value);
  void read(std::string_view key, std::vector<std::string>& value);
  void read(std::string_view key, std::map<std::string, std::string>& value);

  /// Reads a number from `least` to `most`.
  void read(std::string_view key, double& value, double least, double most);

  /// Reads a whole number from `least` to `most`.
  template <std::integral Number>
  void read(std::string_view key, Number& value, std::int64_t least, std::int64_t most) {
    const toml::node* node = find(key);
    if (!node) return;
    const auto number = node->value_exact<std::int64_t>();
    if (!number || *number < least || *number > most) {
      fail(*node, key,
           "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
      return;
    }
    value = static_cast<Number>(*number);
  }

  template <class E>
    requires std::is_enum_v<E>
  void read(std::string_view key, E& value) {
    const toml::node* node = find(key);
    if (!node) return;
    const auto parsed = parse_word<E>(node->value_exact<std::string>().value_or(""));
    if (parsed) {
      value = *parsed;
    } else {
      fail(*node, key, "must be one of " + all_words<E>());
    }
  }

  template <class E>
    requires std::is_enum_v<E>
  void read(std::string_view key, std::vector<E>& values) {
    const toml::node* node = find(key);
    if (!node) return;
    std::vector<std::string> texts;
    read(key, texts);
    values.clear();
    for (const std::string& text : texts) {
      const auto parsed = parse_word<E>(text);
      if (!parsed) return fail(*node, key, "must be a list of " + all_words<E>());
      values.push_back(*parsed);
    }
  }

  /// Calls `read_table(TomlReader&)` for the table of that key, if there is one.
  template <class Read>
  void table(std::string_view key, Read read_table) {
    if (const toml::node* node = find(key)) enter(*node, key, read_table);
  }

  /// The same for every key of the table `key`, passing its name: `[tasks.NAME]`.
  template <class Read>
  void each_table(std::string_view key, Read read_table) {
    const toml::node* node = find(key);
    if (!node) return;
    if (!node->is_table()) return fail(*node, key, "must be a table");
    for (const auto& [name, entry] : *node->as_table()) {
      const std::string path = std::string(key) + "." + std::string(name.str());
      enter(entry, path, [&](TomlReader& reader) { read_table(std::string(name.str()), reader); });
    }
  }

  /// Calls `read_entry(table, TomlReader&)` for each table of the array `key`: `[[work]]`. Errors
  /// name only the key of an entry: their line says which entry it is.
  template <class Read>
  void each_entry(std::string_view key, Read read_entry) {
    const toml::node* node = find(key);
    if (!node) return;
    if (!node->is_array()) {
      const std::string name(key);
      return fail(*node, key, "must be a list: write [[" + name + "]], or " + name + " = [{ … }]");
    }
    for (const toml::node& entry : *node->as_array()) {
      if (!entry.is_table()) return fail(entry, key, "must be a list of tables");
      TomlReader reader(*entry.as_table(), "", file_, error_);
      read_entry(std::as_const(*entry.as_table()), reader);
    }
  }

  /// Accepts all remaining keys: the writer of the file chooses them.
  void accept_all() {
    for (const auto& [key, node] : table_) known_.emplace(key.str());
  }

  /// Reports an error that the type cannot express.
  void fail(std::string_view key, const std::string& what);
  /// The same for a whole sentence; without a key it is about the table.
  void complain(std::string_view key, const std::string& sentence);

  /// Complains about keys that nobody has read. Returns whether the file is valid so far.
  bool finish();

 private:
  void fail(const toml::node& node, std::string_view key, const std::string& what);

  template <class Read>
  void enter(const toml::node& node, std::string_view key, Read read_table) {
    if (!node.is_table()) return fail(node, key, "must be a table");
    TomlReader reader(*node.as_table(), path_ + std::string(key) + ".", file_, error_);
    read_table(reader);
  }

  const toml::table& table_;
  std::string path_;
  const TomlFile& file_;
  std::optional<Error>& error_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace wm
