#include "daemon/runs/cgroups.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "daemon/runs/run_records.h"

namespace wm {
namespace {

namespace fs = std::filesystem;

constexpr int kMostTries = 100;              // The most tries to end an earlier daemon's group.
constexpr std::int32_t kUsualWeight = 100;   // The default of version 2.
constexpr std::int32_t kUsualShares = 1024;  // The default of version 1.

bool write_text(const fs::path& path, const std::string& text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Reads the number after `name` in a file of names and numbers.
std::int64_t read_count(const fs::path& path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  std::int64_t count = 0;
  while (file >> word >> count) {
    if (word == name) return count;
  }
  return 0;
}

bool lists(const std::string& list, const std::string& word, char separator) {
  std::istringstream words(list);
  for (std::string one; std::getline(words, one, separator);) {
    if (one == word) return true;
  }
  return false;
}

// A run that has the rights may have made groups inside its group.
std::vector<fs::path> groups_in(const fs::path& group) {
  std::vector<fs::path> groups;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(group, problem)) {
    if (entry.is_directory(problem)) groups.push_back(entry.path());
  }
  return groups;
}

bool remove_tree(const fs::path& group) {
  if (::rmdir(group.c_str()) == 0 || errno == ENOENT) return true;
  for (const fs::path& inner : groups_in(group)) {
    if (!remove_tree(inner)) return false;
  }
  return ::rmdir(group.c_str()) == 0;
}

void add_processes(const fs::path& group, std::vector<pid_t>& pids) {
  std::ifstream file(group / "cgroup.procs");
  for (pid_t pid = 0; file >> pid;) {
    if (pid > 0) pids.push_back(pid);
  }
  for (const fs::path& inner : groups_in(group)) add_processes(inner, pids);
}

// The place of this process in a hierarchy, from /proc/self/cgroup: `controller` is empty for the
// unified one.
std::string own_path(const std::string& controller) {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : lists(controllers, controller, ',')) {
      return line.substr(second + 1);
    }
  }
  return "";
}

// The mount point of that hierarchy; see proc(5), mountinfo.
fs::path mount_of(const std::string& controller) {
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream mounted(line.substr(0, dash));
    std::istringstream of(line.substr(dash + 3));
    std::string ignored;
    std::string root;
    std::string point;
    std::string type;
    std::string source;
    std::string options;
    mounted >> ignored >> ignored >> ignored >> root >> point;
    of >> type >> source >> options;
    if (root != "/") continue;
    if (controller.empty() ? type == "cgroup2"
                           : type == "cgroup" && lists(options, controller, ',')) {
      return point;
    }
  }
  return {};
}

fs::path own_group(const std::string& controller) {
  const std::string path = own_path(controller);
  const fs::path mount = mount_of(controller);
  if (path.empty() || mount.empty() || path.starts_with("/..")) return {};
  return path == "/" ? mount : mount / path.substr(1);
}

bool has_attribute(const fs::path& group, const char* name) {
  char value = 0;
  return ::getxattr(group.c_str(), name, &value, 1) == 1 && value == '1';
}

// Under systemd, groups belong to systemd, except those that it has delegated (Delegate=yes).
bool is_ours(const fs::path& group) {
  if (group.empty() || ::access(group.c_str(), W_OK) != 0) return false;
  return ::access("/run/systemd/system", F_OK) != 0 || has_attribute(group, "user.delegate") ||
         has_attribute(group, "trusted.delegate");
}

// In version 2 a group has either processes or groups with controllers.
constexpr const char* kOwnLeaf = "daemon";

std::string tag_of(const fs::path& directory) {
  struct stat status{};
  ::stat(directory.c_str(), &status);
  return fmt::format("wm-{:x}-{:x}", status.st_dev, status.st_ino);
}

}  // namespace

std::vector<std::string> names_of(const Bounds& bounds) {
  std::vector<std::string> names;
  if (bounds.memory_max) names.emplace_back("memory-max");
  if (bounds.cpu_weight) names.emplace_back("cpu-weight");
  if (bounds.tasks_max) names.emplace_back("tasks-max");
  return names;
}

bool set_bounds(const fs::path& group, const CgroupControllers& controllers, const Bounds& bounds) {
  const bool two = controllers.unified;
  const auto most = [two](const auto& bound) {
    return bound ? std::to_string(*bound) : two ? "max" : "-1";
  };
  if (controllers.memory) {
    const char* const swap = two ? "memory.swap.max" : "memory.memsw.limit_in_bytes";
    // Version 1 accepts no limit above that of both together. Not every kernel has one for swap.
    if (!two) write_text(group / swap, "-1");
    if (!write_text(group / (two ? "memory.max" : "memory.limit_in_bytes"),
                    most(bounds.memory_max))) {
      return false;
    }
    // With swap, a limit on memory would only slow it down.
    write_text(group / swap, two && bounds.memory_max ? "0" : most(bounds.memory_max));
  }
  const std::int32_t weight = bounds.cpu_weight.value_or(kUsualWeight);
  const std::int32_t shares = std::max(2, weight * kUsualShares / kUsualWeight);
  if (controllers.cpu && !write_text(group / (two ? "cpu.weight" : "cpu.shares"),
                                     std::to_string(two ? weight : shares))) {
    return false;
  }
  return !controllers.pids ||
         write_text(group / "pids.max", bounds.tasks_max ? most(bounds.tasks_max) : "max");
}

Cgroups::Cgroups(const fs::path& state_directory) {
  const std::string tag = tag_of(state_directory);
  const fs::path note = state_directory / "cgroup";
  std::string earlier;
  if (std::getline(std::ifstream(note), earlier)) earlier_ = earlier;
  // Only groups with our tag are ours, whatever the note says.
  if (earlier_.filename() != tag) earlier_.clear();
  find_unified(tag);
  if (!available()) return;
  find_controllers(tag);
  // The next daemon may begin in another group, for example by hand in a terminal.
  if (earlier_ != unified_.base && !(std::ofstream(note) << unified_.base.string() << std::flush)) {
    unified_ = {};
    others_.clear();
  }
}

std::vector<std::string> Cgroups::controllers() const {
  std::vector<std::string> names;
  const auto add = [&](const char* name, bool CgroupControllers::* has) {
    const auto has_it = [&](const Hierarchy& hierarchy) { return hierarchy.*has; };
    if (has_it(unified_) || std::ranges::any_of(others_, has_it)) names.emplace_back(name);
  };
  add("memory", &Hierarchy::memory);
  add("cpu", &Hierarchy::cpu);
  add("pids", &Hierarchy::pids);
  return names;
}

void Cgroups::find_unified(const std::string& tag) {
  fs::path own = own_group("");
  // A daemon that began in this process has moved here.
  if (own.filename() == kOwnLeaf && is_ours(own.parent_path())) own = own.parent_path();
  if (!is_ours(own)) return;
  const fs::path base = own / tag;
  std::error_code problem;
  if (!fs::create_directory(base, problem) && problem) return;
  unified_ = {};
  unified_.base = base;
  unified_.unified = true;
  std::string controllers;
  std::getline(std::ifstream(own / "cgroup.controllers"), controllers);
  const auto offered = [&](const char* name) { return lists(controllers, name, ' '); };
  if (!offered("memory") && !offered("cpu") && !offered("pids")) return;
  if (fs::create_directory(own / kOwnLeaf, problem); !problem) {
    write_text(own / kOwnLeaf / "cgroup.procs", "0");
  }
  const auto enable = [&](const char* name) {
    return offered(name) && write_text(own / "cgroup.subtree_control", '+' + std::string(name)) &&
           write_text(base / "cgroup.subtree_control", '+' + std::string(name));
  };
  unified_.memory = enable("memory");
  unified_.cpu = enable("cpu");
  unified_.pids = enable("pids");
}

void Cgroups::find_controllers(const std::string& tag) {
  const auto find = [&](const char* name, bool CgroupControllers::* has) {
    if (unified_.*has) return;
    const fs::path own = own_group(name);
    std::error_code problem;
    if (!is_ours(own) || (!fs::create_directory(own / tag, problem) && problem)) return;
    Hierarchy other;
    other.base = own / tag;
    other.*has = true;
    others_.push_back(other);
  };
  find("memory", &Hierarchy::memory);
  find("cpu", &Hierarchy::cpu);
  find("pids", &Hierarchy::pids);
}

void Cgroups::leave() {
  if (!available()) return;
  const auto clear = [](const fs::path& base) {
    for (const fs::path& group : groups_in(base)) remove_tree(group);
    ::rmdir(base.c_str());
  };
  clear(unified_.base);
  for (const Hierarchy& other : others_) clear(other.base);
}

// Makes the group if it does not exist yet.
Cgroups::Open* Cgroups::open(std::size_t number) {
  if (const auto found = open_.find(number); found != open_.end()) return &found->second;
  const fs::path group = unified_.base / std::to_string(number);
  const bool fresh = ::mkdir(group.c_str(), 0755) == 0;
  if (!fresh && errno != EEXIST) return nullptr;
  Open made{UniqueFd(::open(group.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
            UniqueFd(::open((group / "cgroup.events").c_str(), O_RDONLY | O_CLOEXEC))};
  if (fresh) made.bounds.emplace();
  if (!made.directory || !made.events) return nullptr;
  return &open_.emplace(number, std::move(made)).first->second;
}

std::optional<RunCgroup> Cgroups::create(std::size_t number, const Bounds& bounds) {
  const std::string name = std::to_string(number);
  Open* const group = open(number);
  if (!group) return std::nullopt;
  if (group->bounds != bounds) {
    group->bounds.reset();
    if (!set_bounds(unified_.base / name, unified_, bounds)) return std::nullopt;
    group->bounds = bounds;
  }
  RunCgroup made;
  made.directory = group->directory.get();
  bool memory = unified_.memory;
  bool cpu = unified_.cpu;
  bool pids = unified_.pids;
  for (const Hierarchy& other : others_) {
    const bool wanted = (other.memory && bounds.memory_max) || (other.cpu && bounds.cpu_weight) ||
                        (other.pids && bounds.tasks_max);
    if (!wanted) continue;
    const fs::path joined = other.base / name;
    if (::mkdir(joined.c_str(), 0755) != 0 && errno != EEXIST) return std::nullopt;
    if (!set_bounds(joined, other, bounds)) return std::nullopt;
    UniqueFd& procs =
        made.procs.emplace_back(::open((joined / "cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    if (!procs) return std::nullopt;
    memory |= other.memory;
    cpu |= other.cpu;
    pids |= other.pids;
  }
  if (bounds.memory_max && !memory) made.unmet.emplace_back("memory-max");
  if (bounds.cpu_weight && !cpu) made.unmet.emplace_back("cpu-weight");
  if (bounds.tasks_max && !pids) made.unmet.emplace_back("tasks-max");
  return made;
}

void Cgroups::resume(std::size_t number, bool killed) {
  if (Open* const group = available() ? open(number) : nullptr) group->killed = killed;
}

bool Cgroups::ran_out_of_memory(std::size_t number) const {
  const std::string name = std::to_string(number);
  if (unified_.memory) return read_count(unified_.base / name / "memory.events", "oom_kill") > 0;
  return std::ranges::any_of(others_, [&](const Hierarchy& other) {
    return other.memory && read_count(other.base / name / "memory.oom_control", "oom_kill") > 0;
  });
}

bool Cgroups::release_if_empty(std::size_t number, const Bounds& bounds) {
  const auto group = open_.find(number);
  if (group == open_.end()) return true;
  std::array<char, 128> events{};
  const ssize_t length = ::pread(group->second.events.get(), events.data(), events.size() - 1, 0);
  const bool gone = length < 0;
  if (!gone && std::string_view(events.data()).find("populated 0") == std::string_view::npos) {
    return false;
  }
  if (gone || group->second.killed || bounds != Bounds{}) remove(number);
  return true;
}

std::vector<pid_t> Cgroups::processes_in(std::size_t number) const {
  std::vector<pid_t> pids;
  add_processes(unified_.base / std::to_string(number), pids);
  return pids;
}

int Cgroups::events_of(std::size_t number) const {
  const auto group = open_.find(number);
  return group == open_.end() ? -1 : group->second.events.get();
}

bool Cgroups::remove(std::size_t number) {
  open_.erase(number);
  const std::string name = std::to_string(number);
  const auto gone = [&](const Hierarchy& hierarchy) {
    return hierarchy.base.empty() || remove_tree(hierarchy.base / name);
  };
  return gone(unified_) && std::ranges::all_of(others_, gone);
}

void Cgroups::kill(std::size_t number) {
  if (const auto group = open_.find(number); group != open_.end()) group->second.killed = true;
  if (write_text(unified_.base / std::to_string(number) / "cgroup.kill", "1")) return;
  // Before Linux 5.14 there is no cgroup.kill. A process may be forking: whoever waits for the end
  // looks again.
  for (const pid_t pid : processes_in(number)) ::kill(pid, SIGKILL);
}

void Cgroups::end_all() {
  for (const fs::path& base : {earlier_, unified_.base}) {
    for (const fs::path& group : groups_in(base)) {
      for (int tries = 0; !remove_tree(group); ++tries) {
        if (tries == kMostTries) {
          spdlog::error("the control group {} cannot be removed: {}", group.string(),
                        std::strerror(errno));
          break;
        }
        write_text(group / "cgroup.kill", "1");
        std::vector<pid_t> left;
        add_processes(group, left);
        for (const pid_t pid : left) kill_and_wait(pid);
      }
    }
  }
  if (earlier_ != unified_.base) ::rmdir(earlier_.c_str());
  for (const Hierarchy& other : others_) {
    for (const fs::path& group : groups_in(other.base)) remove_tree(group);
  }
}

}  // namespace wm
