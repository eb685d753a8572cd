#include "cli/autostart.h"

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wm::cli {
namespace {

constexpr int kReadyMs = 15'000;

// The program beside this one, else whatever PATH has: they are installed together.
std::string daemon_program() {
  char self[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", self, sizeof self);
  if (length > 0) {
    const std::string path(self, static_cast<std::size_t>(length));
    const std::string directory = path.substr(0, path.rfind('/'));
    // In a build tree the two are in folders of their own.
    for (const std::string& candidate : {directory + "/wmd", directory + "/../daemon/wmd"}) {
      if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
  }
  return "wmd";
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (std::string& text : strings) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// Runs it with nothing of ours: no terminal, no descriptors, a session of its own.
Result<pid_t> spawn(std::vector<std::string> arguments, std::vector<std::string> environment) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  for (const int fd : {0, 1, 2}) {
    ::posix_spawn_file_actions_addopen(&files, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, 0);
  }
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = 0;
  const int problem = ::posix_spawnp(&pid, arguments.front().c_str(), &files, &attributes,
                                     pointers(arguments).data(), pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (problem != 0) {
    return fail(ErrorCode::unreachable,
                "cannot start " + arguments.front() + ": " + std::strerror(problem));
  }
  return pid;
}

std::vector<std::string> current_environment() {
  std::vector<std::string> list;
  for (char** variable = environ; *variable; ++variable) list.emplace_back(*variable);
  return list;
}

bool start_by_systemd() {
  const auto pid =
      spawn({"systemctl", "--user", "--quiet", "start", "wmd.service"}, current_environment());
  int status = 0;
  return pid && ::waitpid(*pid, &status, 0) == *pid && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

// A socket in the abstract namespace, where the daemon says READY=1 as it would to systemd.
class ReadySocket {
 public:
  ReadySocket() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // With no name the kernel gives it one: nobody can have taken it before.
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(sa_family_t)) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      return;
    }
    name_ = "@" + std::string(address.sun_path + 1, size - sizeof(sa_family_t) - 1);
  }
  ~ReadySocket() { ::close(fd_); }
  ReadySocket(const ReadySocket&) = delete;
  ReadySocket& operator=(const ReadySocket&) = delete;

  // Empty: there is no such socket, and nobody will tell.
  const std::string& name() const { return name_; }

  // Until it is ready, or is gone, or the time is up.
  bool wait(pid_t daemon) const {
    const int alive = static_cast<int>(::syscall(SYS_pidfd_open, daemon, 0));
    pollfd events[] = {{fd_, POLLIN, 0}, {alive, POLLIN, 0}};
    ::poll(events, 2, kReadyMs);
    char message[512];
    const ssize_t length = ::recv(fd_, message, sizeof message, MSG_DONTWAIT);
    if (alive >= 0) ::close(alive);
    return length > 0 &&
           std::string_view(message, static_cast<std::size_t>(length)).starts_with("READY=1");
  }

 private:
  int fd_;
  std::string name_;
};

}  // namespace

Result<> start_user_daemon() {
  if (start_by_systemd()) return {};
  const ReadySocket ready;
  if (ready.name().empty()) return fail(ErrorCode::unreachable, "no socket can be made");
  std::vector<std::string> environment = current_environment();
  std::erase_if(environment,
                [](const std::string& one) { return one.starts_with("NOTIFY_SOCKET="); });
  environment.push_back("NOTIFY_SOCKET=" + ready.name());
  const std::string program = daemon_program();
  const auto daemon = spawn({program, "--user"}, std::move(environment));
  if (!daemon) return std::unexpected(daemon.error());
  if (ready.wait(*daemon)) return {};
  return fail(ErrorCode::unreachable,
              "wmd --user did not come up: run " + program + " --user to see why");
}

}  // namespace wm::cli
