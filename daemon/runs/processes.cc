#include "daemon/runs/processes.h"

#include <fstream>
#include <memory>
#include <sstream>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"

namespace wm {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

bool carries_id(pid_t pid, std::string_view work_uuid) {
  const std::string environment = read_file("/proc/" + std::to_string(pid) + "/environ");
  const std::string wanted = "WM_WORK_ID=" + std::string(work_uuid) + '\0';
  return environment.starts_with(wanted) || environment.find('\0' + wanted) != std::string::npos;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), &::closedir);
  if (!proc) return pids;
  while (const dirent* entry = ::readdir(proc.get())) {
    if (const auto pid = parse_number<pid_t>(entry->d_name)) pids.push_back(*pid);
  }
  return pids;
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view stat) {
  // proc(5): pid (comm) state ppid pgrp session …; comm may contain anything, so count from its
  // end. Field 3 is the state, 6 the session, 22 the start time.
  const std::size_t open = stat.find(" (");
  const std::size_t close = stat.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
  const auto pid = parse_number<pid_t>(stat.substr(0, open));
  std::istringstream rest{std::string(stat.substr(close + 2))};
  std::string field;
  bool dead = false;
  std::optional<pid_t> session;
  std::optional<std::uint64_t> start;
  for (int i = 3; i <= 22 && rest >> field; ++i) {
    if (i == 3) dead = field == "Z" || field == "X";
    if (i == 6) session = parse_number<pid_t>(field);
    if (i == 22) start = parse_number<std::uint64_t>(field);
  }
  if (!pid || !session || !start) return std::nullopt;
  return ProcessStat{*pid, dead, *session, *start};
}

std::optional<ProcessStat> read_process_stat(pid_t pid) {
  return parse_process_stat(read_file("/proc/" + std::to_string(pid) + "/stat"));
}

bool is_of_run(pid_t pid, const ProcessStat& leader, std::string_view work_uuid) {
  const auto process = read_process_stat(pid);
  if (!process || process->dead || process->start_ticks < leader.start_ticks) return false;
  if (carries_id(pid, work_uuid)) return true;
  if (process->session != leader.pid) return false;
  // While any process is in the session, the kernel gives its number to no other process.
  const auto now = read_process_stat(leader.pid);
  return !now || now->start_ticks == leader.start_ticks;
}

std::vector<pid_t> processes_of_run(const ProcessStat& leader, std::string_view work_uuid) {
  std::vector<pid_t> found;
  for (const pid_t pid : all_processes()) {
    if (pid != ::getpid() && is_of_run(pid, leader, work_uuid)) found.push_back(pid);
  }
  return found;
}

std::vector<pid_t> own_children() {
  const std::string self = std::to_string(::getpid());
  std::istringstream list(read_file("/proc/self/task/" + self + "/children"));
  std::vector<pid_t> children;
  for (pid_t pid = 0; list >> pid;) children.push_back(pid);
  return children;
}

int count_tasks_of(uid_t uid) {
  int count = 0;
  for (const pid_t pid : all_processes()) {
    struct stat status{};
    const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
    if (::stat(tasks.c_str(), &status) != 0 || status.st_uid != uid) continue;
    // A directory has a link from each directory in it, and two more.
    count += static_cast<int>(status.st_nlink) - 2;
  }
  return count;
}

std::int64_t count_oom_kills() {
  std::ifstream file("/proc/vmstat");
  std::string name;
  for (std::int64_t count = 0; file >> name >> count;) {
    if (name == "oom_kill") return count;
  }
  return 0;
}

}  // namespace wm
