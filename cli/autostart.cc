#include "cli/autostart.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/child.h"

namespace wm::cli {
namespace {

constexpr std::chrono::seconds kReady{15};
constexpr int kTaken = 3;  // wmd's exit status if another one serves, or is about to.
// The waits for a daemon that is about to serve, or to end, before another one is started.
constexpr std::chrono::milliseconds kFirstWait{100};
constexpr std::chrono::milliseconds kLongestWait{1000};
constexpr std::size_t kMostSaid = 300;  // The most bytes of its messages that are shown.

// Finds the program beside this one, else in PATH: they are installed together.
std::string daemon_program() {
  char self[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", self, sizeof self);
  if (length > 0) {
    const std::string path(self, static_cast<std::size_t>(length));
    const std::string directory = path.substr(0, path.rfind('/'));
    // A build tree has the two in separate folders.
    for (const std::string& candidate : {directory + "/wmd", directory + "/../daemon/wmd"}) {
      if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
  }
  return "wmd";
}

// A program with nothing of ours: no terminal, no other descriptors, a new session.
ChildProgram detached(std::vector<std::string> words) {
  return {.words = std::move(words), .files = {kNothing, kNothing, kNothing}, .own_session = true};
}

bool start_by_systemd() {
  const auto systemctl =
      start(detached({"systemctl", "--user", "--quiet", "start", "wmd.service"}));
  return systemctl && await_end(*systemctl) == 0;
}

// A socket in the abstract namespace, on which the daemon says READY=1 as it would to systemd.
class ReadySocket {
 public:
  ReadySocket() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // Without a name the kernel chooses one, which nobody can have taken before.
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

  // Empty if there is no such socket: then nobody will report.
  const std::string& name() const { return name_; }

  int fd() const { return fd_; }
  bool has_heard() const {
    char message[512];
    const ssize_t length = ::recv(fd_, message, sizeof message, MSG_DONTWAIT);
    return length > 0 &&
           std::string_view(message, static_cast<std::size_t>(length)).starts_with("READY=1");
  }

 private:
  int fd_;
  std::string name_;
};

// Both ends of a pipe for the standard error of a starting daemon. The daemon goes on without it
// once nobody reads any more.
class SaidPipe {
 public:
  SaidPipe() {
    if (::pipe2(ends_, O_CLOEXEC) == 0) ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  }
  ~SaidPipe() {
    close_end(0);
    close_end(1);
  }
  SaidPipe(const SaidPipe&) = delete;
  SaidPipe& operator=(const SaidPipe&) = delete;

  int out() const { return ends_[0]; }
  int in() const { return ends_[1]; }
  void close_in() { close_end(1); }

  // Reads what is there; a writer must never wait for us.
  void read() {
    char buffer[4096];
    for (;;) {
      const ssize_t length = ::read(ends_[0], buffer, sizeof buffer);
      if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (length <= 0) return close_end(0);
      said_.append(buffer, static_cast<std::size_t>(length));
      if (said_.size() > 2 * sizeof buffer) said_.erase(0, said_.size() - sizeof buffer);
    }
  }

  // The last line with any text, without our own name before it.
  std::string last_line() const {
    std::string_view rest = said_;
    const auto is_end = [](char c) { return c == '\n' || c == ' ' || c == '\r'; };
    while (!rest.empty() && is_end(rest.back())) rest.remove_suffix(1);
    std::string_view line = rest.substr(rest.rfind('\n') + 1);
    if (line.starts_with("wmd: ")) line.remove_prefix(5);
    return std::string(line.substr(0, kMostSaid)) + (line.size() > kMostSaid ? "…" : "");
  }

 private:
  void close_end(int end) {
    if (ends_[end] >= 0) ::close(std::exchange(ends_[end], -1));
  }

  int ends_[2] = {-1, -1};
  std::string said_;
};

enum class Start : std::uint8_t { ready, taken, failed, slow };

struct Started {
  Start how = Start::failed;
  std::string said;
};

// Waits until the daemon is ready, or is gone, or the time is up.
Result<Started> start_wmd(Deadline deadline) {
  const ReadySocket ready;
  if (ready.name().empty()) return fail(ErrorCode::unreachable, "cannot make a socket");
  SaidPipe said;
  ChildProgram wmd = detached({daemon_program(), "--user"});
  wmd.files[2] = said.in();
  wmd.environment = own_environment();
  std::erase_if(*wmd.environment,
                [](const std::string& one) { return one.starts_with("NOTIFY_SOCKET="); });
  wmd.environment->push_back("NOTIFY_SOCKET=" + ready.name());
  const auto daemon = start(wmd);
  if (!daemon) {
    return fail(ErrorCode::unreachable,
                "cannot start " + wmd.words.front() + ": " + std::strerror(daemon.error()));
  }
  said.close_in();
  const int alive = static_cast<int>(::syscall(SYS_pidfd_open, *daemon, 0));
  bool is_ready = false;
  bool is_gone = false;
  for (int events = 1; events != 0 && !is_ready && !is_gone;) {
    pollfd list[] = {{ready.fd(), POLLIN, 0}, {alive, POLLIN, 0}, {said.out(), POLLIN, 0}};
    events = ::poll(list, 3, poll_time(deadline));
    if (list[2].revents != 0) said.read();
    is_ready = list[0].revents != 0 && ready.has_heard();
    is_gone = list[1].revents != 0;
  }
  if (alive >= 0) ::close(alive);
  if (is_ready) return Started{Start::ready, ""};
  if (!is_gone) return Started{Start::slow, said.last_line()};
  said.read();
  const bool taken = await_end(*daemon) == kTaken;
  return Started{taken ? Start::taken : Start::failed, said.last_line()};
}

}  // namespace

Result<bool> start_user_daemon(const std::string& socket, const Connect& connect) {
  if (start_by_systemd()) return true;
  const Deadline deadline = std::chrono::steady_clock::now() + kReady;
  auto pause = kFirstWait;
  for (;;) {
    const auto started = start_wmd(deadline);
    if (!started) return std::unexpected(started.error());
    switch (started->how) {
      case Start::ready:
        return true;
      case Start::failed:
        return fail(ErrorCode::unreachable,
                    "wmd --user did not start" +
                        (started->said.empty() ? std::string() : ": " + started->said));
      case Start::slow:
        return fail(ErrorCode::unreachable,
                    "wmd --user is not ready after 15s" +
                        (started->said.empty() ? std::string() : ": " + started->said));
      case Start::taken:
        break;
    }
    // Either the other daemon comes to serve, or it was about to end and there is room for ours.
    const auto now = std::chrono::steady_clock::now();
    if (connect_once_there(socket, connect, std::min(deadline, now + pause))) return false;
    if (now >= deadline) {
      return fail(ErrorCode::unreachable,
                  "another wmd is running and does not serve at " + socket + ": " + started->said);
    }
    pause = std::min(pause * 2, kLongestWait);
  }
}

}  // namespace wm::cli
