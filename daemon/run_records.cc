#include "daemon/run_records.h"

#include <csignal>
#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/processes.h"

namespace wm {
namespace {

constexpr int kDeathMs = 10'000;  // SIGKILL works at once, unless the kernel itself is stuck.

std::string read_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

void kill_and_wait(pid_t pid) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return;  // Gone already.
  ::kill(pid, SIGKILL);
  pollfd gone{process.get(), POLLIN, 0};
  if (::poll(&gone, 1, kDeathMs) == 0) {
    throw std::runtime_error("process " + std::to_string(pid) +
                             ", left by an earlier wmd, cannot be killed");
  }
}

}  // namespace

RunRecords::RunRecords(std::filesystem::path directory)
    : directory_(std::move(directory)), boot_id_(read_line("/proc/sys/kernel/random/boot_id")) {}

std::filesystem::path RunRecords::path_of(WorkId id) const {
  return directory_ / std::to_string(id);
}

UniqueFd RunRecords::create(const WorkInfo& info) {
  UniqueFd file(::open(path_of(info.work.id).c_str(),
                       O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  const std::string head = boot_id_ + '\n' + info.uuid + '\n';
  if (file && ::write(file.get(), head.data(), head.size()) != static_cast<ssize_t>(head.size())) {
    file.reset();
  }
  return file;
}

void RunRecords::remove(WorkId id) { ::unlink(path_of(id).c_str()); }

void RunRecords::end_all() {
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    std::ifstream file(entry.path());
    std::string boot_id;
    std::string uuid;
    std::string stat;
    std::getline(file, boot_id);
    std::getline(file, uuid);
    std::getline(file, stat);
    const auto leader = parse_process_stat(stat);
    if (leader && boot_id == boot_id_ && !uuid.empty()) {
      // Again until none is left: one may have been forking.
      for (auto left = processes_of_run(*leader, uuid); !left.empty();
           left = processes_of_run(*leader, uuid)) {
        for (const pid_t pid : left) kill_and_wait(pid);
      }
    }
    std::filesystem::remove(entry.path());
  }
}

}  // namespace wm
