#include "daemon/runs/run_records.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/runs/processes.h"

namespace wm {
namespace {

// Its identity, written by the daemon; then its line of /proc/PID/stat, written by itself.
constexpr std::size_t kHead = 512;
constexpr std::size_t kPlace = 2 * kHead;

constexpr int kDeathMs = 10'000;  // SIGKILL works at once, unless the kernel itself is stuck.

std::string read_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The scope of a pid: one boot and one pid namespace in it. The kernel gives a namespace's number
// to a later one, for example the next start of a container, so its first process counts, too.
std::string names_processes() {
  std::error_code unknown;
  const auto space = std::filesystem::read_symlink("/proc/self/ns/pid", unknown);
  const auto first = read_process_stat(1);
  return read_line("/proc/sys/kernel/random/boot_id") + ' ' + space.string() + ' ' +
         std::to_string(first ? first->start_ticks : 0);
}

}  // namespace

void kill_and_wait(pid_t pid) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return;  // It is gone already.
  ::kill(pid, SIGKILL);
  pollfd gone{process.get(), POLLIN, 0};
  if (::poll(&gone, 1, kDeathMs) == 0) {
    throw std::runtime_error("process " + std::to_string(pid) +
                             ", left by an earlier wmd, cannot be killed");
  }
}

RunRecords::RunRecords(std::filesystem::path path, bool on_disk)
    : path_(std::move(path)), on_disk_(on_disk), world_(names_processes()) {}

bool RunRecords::open() {
  if (!on_disk_) return true;
  if (!file_) file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  return static_cast<bool>(file_);
}

std::optional<RunRecords::Place> RunRecords::reserve() {
  if (!open()) return std::nullopt;
  const auto free = std::ranges::find(taken_, false);
  return resume(static_cast<std::size_t>(free - taken_.begin()));
}

bool RunRecords::add(const Place& place, const WorkInfo& info) {
  if (!on_disk_) return true;
  std::array<char, kPlace> bytes{};
  const std::string head = world_ + '\n' + info.uuid + '\n';
  head.copy(bytes.data(), kHead);
  return ::pwrite(file_.get(), bytes.data(), bytes.size(),
                  static_cast<off_t>(place.number * kPlace)) == static_cast<ssize_t>(bytes.size());
}

RunRecords::Place RunRecords::resume(std::size_t number) {
  open();
  if (number >= taken_.size()) taken_.resize(number + 1);
  taken_[number] = true;
  return Place{file_.get(), static_cast<off_t>(number * kPlace + kHead), number};
}

void RunRecords::remove(const Place& place) {
  if (on_disk_) (void)!::pwrite(file_.get(), "", 1, static_cast<off_t>(place.number * kPlace));
  taken_[place.number] = false;
}

void RunRecords::end_all() {
  std::ifstream file(path_, std::ios::binary);
  std::string place(kPlace, '\0');
  while (file.read(place.data(), static_cast<std::streamsize>(kPlace))) {
    std::istringstream head(place.substr(0, kHead));
    std::string world;
    std::string uuid;
    std::getline(head, world);
    std::getline(head, uuid);
    const auto leader = parse_process_stat(place.c_str() + kHead);
    if (!leader || world != world_ || uuid.empty()) continue;
    // Repeat until none is left: a process may have been forking.
    for (auto left = processes_of_run(*leader, uuid); !left.empty();
         left = processes_of_run(*leader, uuid)) {
      for (const pid_t pid : left) kill_and_wait(pid);
    }
  }
  std::error_code none;
  std::filesystem::remove(path_, none);
}

}  // namespace wm
