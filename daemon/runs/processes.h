// Finds the processes of a run in /proc: by their session, and by the job's id in their
// environment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace wm {

/// The relevant fields of /proc/PID/stat.
struct ProcessStat {
  pid_t pid = 0;
  bool dead = false;  // A zombie: nothing of it runs.
  pid_t session = 0;
  std::uint64_t start_ticks = 0;  // The time since boot. Pid and start name one process of a boot.
};

std::optional<ProcessStat> parse_process_stat(std::string_view stat);
std::optional<ProcessStat> read_process_stat(pid_t pid);

/// True if that process belongs to the run whose first process is or was `leader`; see
/// processes_of_run().
bool is_of_run(pid_t pid, const ProcessStat& leader, std::string_view work_uuid);

/// The children of this process.
std::vector<pid_t> own_children();

/// The number of tasks (processes and their threads) of that user.
int count_tasks_of(uid_t uid);

/// The number of processes that the kernel has killed for lack of memory since it started.
std::int64_t count_oom_kills();

/// The living processes of the run whose first process is or was `leader`, and whose environment
/// has WM_WORK_ID=`work_uuid`. A pid that somebody else was given since is not ours.
std::vector<pid_t> processes_of_run(const ProcessStat& leader, std::string_view work_uuid);

}  // namespace wm
