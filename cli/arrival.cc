#include "cli/arrival.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace wm::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A socket exists a moment before anybody listens at it: after an event we look this many more
// times, with growing pauses. If the kernel has no events for us, we look in the same way without
// end.
constexpr int kLooks = 10;
constexpr milliseconds kFirstPause{1};
constexpr milliseconds kLongestPause{1000};

// Watches one path. If some of its directories are missing, it waits for the first of them.
class PathWatch {
 public:
  explicit PathWatch(const std::string& path) : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (fd_ < 0) return;
    constexpr std::uint32_t kEvents =
        IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    for (std::size_t end = path.rfind('/');; end = path.rfind('/', end - 1)) {
      const bool relative = end == std::string::npos;
      const std::string directory = relative ? "." : end == 0 ? "/" : path.substr(0, end);
      const std::size_t begin = relative ? 0 : end + 1;
      name_ = path.substr(begin, path.find('/', begin) - begin);
      watching_ = ::inotify_add_watch(fd_, directory.c_str(), kEvents) >= 0;
      if (watching_ || errno != ENOENT || relative || end == 0) return;
    }
  }
  ~PathWatch() {
    if (fd_ >= 0) ::close(fd_);
  }
  PathWatch(const PathWatch&) = delete;
  PathWatch& operator=(const PathWatch&) = delete;

  bool is_watching() const { return watching_; }

  // Returns false if nothing happened to the path before the deadline.
  bool wait(Deadline deadline) const {
    pollfd readable{watching_ ? fd_ : -1, POLLIN, 0};
    while (::poll(&readable, 1, poll_time(deadline)) != 0) {
      if (readable.revents != 0 && concerns_us()) return true;
    }
    return false;
  }

 private:
  bool concerns_us() const {
    alignas(inotify_event) std::array<char, 4096> buffer;
    bool ours = false;
    for (;;) {
      const ssize_t length = ::read(fd_, buffer.data(), buffer.size());
      if (length <= 0) return ours;
      for (std::size_t at = 0; at < static_cast<std::size_t>(length);) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
        // An event without a name concerns the directory itself.
        ours = ours || event->len == 0 || name_ == event->name;
        at += sizeof(inotify_event) + event->len;
      }
    }
  }

  int fd_;
  std::string name_;  // Its name in the watched directory.
  bool watching_ = false;
};

}  // namespace

int poll_time(Deadline deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30));
}

Result<Client> connect_once_there(const std::string& socket, const Connect& connect,
                                  Deadline deadline) {
  milliseconds pause = kFirstPause;
  for (int looks = 0;;) {
    const PathWatch watch(socket);  // Watch first, then look: later changes are events.
    auto client = connect();
    if (client || client.error().code != ErrorCode::unreachable) return client;
    if (steady_clock::now() >= deadline) return client;
    if (looks > 0 || !watch.is_watching()) {
      looks = std::max(looks - 1, 0);
      if (!watch.wait(std::min(deadline, steady_clock::now() + pause))) {
        pause = std::min(pause * 2, kLongestPause);
        continue;
      }
    } else if (!watch.wait(deadline)) {
      continue;  // Take a last look.
    }
    looks = kLooks;
    pause = kFirstPause;
  }
}

}  // namespace wm::cli
