#include "daemon/runs/run_files.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/system/unique_fd.h"

namespace wm {
namespace {

// More than `limits.max_data` can allow.
constexpr std::size_t kMostRead = (std::size_t{256} << 10) + 1;

}  // namespace

std::string RunFiles::output_path(const std::string& uuid) const {
  return (outputs_ / uuid).string();
}

std::string RunFiles::stop_reason_path(const std::string& uuid) const {
  return (outputs_ / (uuid + ".stop")).string();
}

std::string RunFiles::state_path(std::int64_t state) const {
  return (work_ / std::to_string(state)).string();
}

bool RunFiles::prepare(const std::string& uuid, const User& user) const {
  if (user.uid == ::geteuid()) return true;
  const UniqueFd file(::open(output_path(uuid).c_str(),
                             O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  return file && ::fchown(file.get(), user.uid, user.gid) == 0;
}

void RunFiles::tell_stop_reason(const std::string& uuid, StopReason reason) const {
  const std::string text = word(reason) + '\n';
  const UniqueFd file(::open(stop_reason_path(uuid).c_str(),
                             O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file || ::fchmod(file.get(), 0644) != 0 ||
      ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    spdlog::warn("a run cannot be told why it must stop: {}", std::strerror(errno));
  }
}

std::string RunFiles::take_output(const std::string& uuid) const {
  std::string text;
  // Only a plain file may be read, and nothing may block.
  const UniqueFd file(
      ::open(output_path(uuid).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status{};
  if (file && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode)) {
    text.resize(kMostRead);
    std::size_t filled = 0;
    while (filled < text.size()) {
      const ssize_t length = ::read(file.get(), text.data() + filled, text.size() - filled);
      if (length == 0 || (length < 0 && errno != EINTR)) break;
      if (length > 0) filled += static_cast<std::size_t>(length);
    }
    text.resize(filled);
  }
  if (file) ::unlink(output_path(uuid).c_str());
  return text;
}

void RunFiles::remove(const std::string& uuid) const {
  ::unlink(output_path(uuid).c_str());
  ::unlink(stop_reason_path(uuid).c_str());
}

int RunFiles::remove_all() const {
  int removed = 0;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(outputs_, problem)) {
    if (::unlink(entry.path().c_str()) == 0) ++removed;
  }
  return removed;
}

}  // namespace wm
