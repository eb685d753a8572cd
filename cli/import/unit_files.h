// Reads unit files of systemd with their drop-ins, without asking systemd.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wm::cli {

/// The settings of a unit, in order.
class UnitFile {
 public:
  struct Setting {
    std::string section;
    std::string key;
    std::string value;
  };

  /// Adds what the text says.
  void read(std::string_view text);

  /// The value that counts: the last one. Empty: there is none.
  std::string value(std::string_view section, std::string_view key) const;
  /// All values since the last empty one.
  std::vector<std::string> values(std::string_view section, std::string_view key) const;
  const std::vector<Setting>& settings() const { return settings_; }

 private:
  std::vector<Setting> settings_;
};

struct Unit {
  std::filesystem::path path;  // The file, without its drop-ins.
  UnitFile file;
  bool masked = false;  // Its file is empty or /dev/null.
};

/// `NAME@INSTANCE.TYPE`
struct UnitName {
  std::string prefix;    // NAME, or all before the type.
  std::string instance;  // Empty: it has none.
  std::string type;      // `timer`
  bool is_template = false;

  explicit UnitName(const std::string& unit);
};

class UnitFiles {
 public:
  /// The first directory counts most.
  explicit UnitFiles(std::vector<std::filesystem::path> directories)
      : directories_(std::move(directories)) {}

  /// $SYSTEMD_UNIT_PATH, or where systemd looks: for the system, or for the calling user.
  static std::vector<std::filesystem::path> usual_directories(bool user);

  /// Nothing: there is no such unit.
  std::optional<Unit> load(const std::string& unit) const;
  /// The names of all timers, and those instances of templates that something wants. Aliases are
  /// left out.
  std::vector<std::string> timers() const;
  /// Another unit wants it: that starts it at the boot.
  bool is_wanted(const std::string& unit) const;

 private:
  std::optional<std::filesystem::path> find(const std::string& unit) const;
  std::vector<std::filesystem::path> drop_ins(const std::string& unit) const;
  std::vector<std::filesystem::path> wants() const;

  std::vector<std::filesystem::path> directories_;
};

}  // namespace wm::cli
