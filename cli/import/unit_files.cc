#include "cli/import/unit_files.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "cli/import/lines.h"
#include "config/read_file.h"

namespace wm::cli {

namespace fs = std::filesystem;

namespace {

std::string variable(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

std::vector<fs::path> system_directories() {
  return {"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
          "/usr/lib/systemd/system", "/lib/systemd/system"};
}

std::vector<fs::path> user_directories() {
  const std::string home = variable("HOME", "/");
  std::vector<fs::path> directories{
      variable("XDG_CONFIG_HOME", home + "/.config") + "/systemd/user", "/etc/systemd/user"};
  if (const std::string runtime = variable("XDG_RUNTIME_DIR", ""); !runtime.empty()) {
    directories.emplace_back(runtime + "/systemd/user");
  }
  directories.insert(
      directories.end(),
      {"/run/systemd/user", variable("XDG_DATA_HOME", home + "/.local/share") + "/systemd/user",
       "/usr/local/share/systemd/user", "/usr/share/systemd/user", "/usr/local/lib/systemd/user",
       "/usr/lib/systemd/user"});
  return directories;
}

std::vector<fs::path> entries_of(const fs::path& directory) {
  std::error_code problem;
  std::vector<fs::path> entries;
  for (fs::directory_iterator it(directory, problem), end; !problem && it != end;
       it.increment(problem)) {
    entries.push_back(it->path());
  }
  std::ranges::sort(entries);
  return entries;
}

// Two names of one directory, as /lib and /usr/lib are on most systems, count once.
std::vector<fs::path> without_doubles(const std::vector<fs::path>& directories) {
  std::set<fs::path> seen;
  std::vector<fs::path> once;
  for (const fs::path& one : directories) {
    std::error_code problem;
    const fs::path real = fs::canonical(one, problem);
    if (!problem && seen.insert(real).second) once.push_back(one);
  }
  return once;
}

// A link to a unit of another name: an alias, unless it is an instance of a template.
bool is_alias(const fs::path& path) {
  std::error_code problem;
  const fs::path target = fs::read_symlink(path, problem).filename();
  return !problem && target != "null" && target != path.filename();
}

}  // namespace

void UnitFile::read(std::string_view text) {
  std::string section;
  std::string line;
  for (const std::string& part : lines_of(text)) {
    std::string_view piece = trimmed(part);
    if (piece.ends_with('\r')) piece = trimmed(piece.substr(0, piece.size() - 1));
    if (piece.starts_with('#') || piece.starts_with(';')) continue;  // Also in a long line.
    const bool goes_on = piece.ends_with('\\');
    line += piece.substr(0, piece.size() - (goes_on ? 1 : 0));
    if (goes_on) {
      line += ' ';
      continue;
    }
    const std::string_view whole = trimmed(line);
    const std::size_t equals = whole.find('=');
    if (whole.starts_with('[') && whole.ends_with(']')) {
      section = whole.substr(1, whole.size() - 2);
    } else if (equals != std::string_view::npos) {
      settings_.push_back({section, std::string(trimmed(whole.substr(0, equals))),
                           std::string(trimmed(whole.substr(equals + 1)))});
    }
    line.clear();
  }
}

std::string UnitFile::value(std::string_view section, std::string_view key) const {
  const auto all = values(section, key);
  return all.empty() ? "" : all.back();
}

std::vector<std::string> UnitFile::values(std::string_view section, std::string_view key) const {
  std::vector<std::string> list;
  for (const Setting& one : settings_) {
    if (one.section != section || one.key != key) continue;
    if (one.value.empty()) {
      list.clear();
    } else {
      list.push_back(one.value);
    }
  }
  return list;
}

UnitName::UnitName(const std::string& unit) {
  const std::size_t dot = std::min(unit.rfind('.'), unit.size());
  type = unit.substr(std::min(dot + 1, unit.size()));
  prefix = unit.substr(0, dot);
  const std::size_t at = prefix.find('@');
  if (at == std::string::npos) return;
  instance = prefix.substr(at + 1);
  prefix.resize(at);
  is_template = instance.empty();
}

std::vector<fs::path> UnitFiles::usual_directories(bool user) {
  const auto usual = user ? user_directories() : system_directories();
  const std::string named = variable("SYSTEMD_UNIT_PATH", "");
  if (named.empty()) return without_doubles(usual);
  std::vector<fs::path> directories;
  for (const std::string_view part : split(named, ":")) {
    if (!part.empty()) directories.emplace_back(part);
  }
  if (named.ends_with(':')) directories.insert(directories.end(), usual.begin(), usual.end());
  return without_doubles(directories);
}

std::optional<fs::path> UnitFiles::find(const std::string& unit) const {
  const UnitName name(unit);
  std::vector<std::string> names{unit};
  if (!name.instance.empty()) names.push_back(name.prefix + "@." + name.type);
  for (const std::string& one : names) {
    for (const fs::path& directory : directories_) {
      std::error_code problem;
      if (fs::exists(fs::symlink_status(directory / one, problem))) return directory / one;
    }
  }
  return std::nullopt;
}

// For `a-b@c.timer` those in a-b@c.timer.d, a-b@.timer.d, a-.timer.d and timer.d. Of files of one
// name, that in the directory that counts most is read; all are read in the order of their names.
std::vector<fs::path> UnitFiles::drop_ins(const std::string& unit) const {
  const UnitName name(unit);
  const std::string type = '.' + name.type;
  std::vector<std::string> folders{unit};
  if (!name.instance.empty()) folders.push_back(name.prefix + '@' + type);
  for (std::size_t dash = name.prefix.rfind('-'); dash != std::string::npos && dash > 0;
       dash = name.prefix.rfind('-', dash - 1)) {
    folders.push_back(name.prefix.substr(0, dash + 1) + type);
  }
  folders.push_back(name.type);
  std::map<std::string, fs::path> files;
  for (const std::string& folder : folders) {
    for (const fs::path& directory : directories_) {
      for (const fs::path& file : entries_of(directory / (folder + ".d"))) {
        if (file.extension() == ".conf") files.emplace(file.filename().string(), file);
      }
    }
  }
  std::vector<fs::path> list;
  for (const auto& [file, path] : files) list.push_back(path);
  return list;
}

std::optional<Unit> UnitFiles::load(const std::string& unit) const {
  const auto path = find(unit);
  if (!path) return std::nullopt;
  Unit loaded{.path = *path, .file = {}, .masked = false};
  std::error_code problem;
  loaded.masked = !fs::is_regular_file(*path, problem) || fs::is_empty(*path, problem);
  if (loaded.masked) return loaded;
  const auto text = read_file(*path);
  if (!text) return std::nullopt;
  loaded.file.read(*text);
  for (const fs::path& file : drop_ins(unit)) {
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) continue;
    if (const auto more = read_file(file)) loaded.file.read(*more);
  }
  return loaded;
}

// The links in the directories `*.wants` and `*.requires`.
std::vector<fs::path> UnitFiles::wants() const {
  std::vector<fs::path> links;
  for (const fs::path& directory : directories_) {
    for (const fs::path& folder : entries_of(directory)) {
      if (folder.extension() != ".wants" && folder.extension() != ".requires") continue;
      const auto inside = entries_of(folder);
      links.insert(links.end(), inside.begin(), inside.end());
    }
  }
  return links;
}

std::vector<std::string> UnitFiles::timers() const {
  std::set<std::string> names;
  for (const fs::path& directory : directories_) {
    for (const fs::path& file : entries_of(directory)) {
      if (file.extension() == ".timer" && !is_alias(file)) names.insert(file.filename().string());
    }
  }
  for (const fs::path& link : wants()) {
    const std::string unit = link.filename().string();
    if (link.extension() == ".timer" && !UnitName(unit).instance.empty()) names.insert(unit);
  }
  return {names.begin(), names.end()};
}

bool UnitFiles::is_wanted(const std::string& unit) const {
  return std::ranges::any_of(wants(),
                             [&](const fs::path& link) { return link.filename() == unit; });
}

}  // namespace wm::cli
