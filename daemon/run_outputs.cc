#include "daemon/run_outputs.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/unique_fd.h"

namespace wm {
namespace {

// Over the most that `limits.max_data` can allow.
constexpr std::size_t kMostRead = (std::size_t{256} << 10) + 1;

}  // namespace

bool RunOutputs::create(const std::string& uuid, uid_t uid, gid_t gid) const {
  remove(uuid);
  const UniqueFd file(
      ::open(path_of(uuid).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  return file && (uid == ::geteuid() || ::fchown(file.get(), uid, gid) == 0);
}

std::string RunOutputs::take(const std::string& uuid) const {
  std::string text;
  // Nothing but a plain file may be read, and nothing may block.
  const UniqueFd file(
      ::open(path_of(uuid).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
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
  remove(uuid);
  return text;
}

void RunOutputs::remove(const std::string& uuid) const { ::unlink(path_of(uuid).c_str()); }

void RunOutputs::remove_all() const {
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, problem)) {
    ::unlink(entry.path().c_str());
  }
}

}  // namespace wm
