#include "daemon/system/place.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace wm {
namespace {

std::string cannot_make(const std::filesystem::path& path, const std::error_code& problem,
                        const std::string& way_out) {
  return "cannot make the directory " + path.string() + ": " + problem.message() + "; " + way_out;
}

}  // namespace

void make_parent(const std::filesystem::path& path, const std::string& way_out) {
  const std::filesystem::path parent = path.parent_path();
  std::error_code problem;
  if (!parent.empty() && !std::filesystem::is_directory(parent, problem)) {
    std::filesystem::create_directories(parent, problem);
    if (problem) throw std::runtime_error(cannot_make(parent, problem, way_out));
  }
}

void make_directory(const std::filesystem::path& path, mode_t mode, const std::string& way_out) {
  make_parent(path, way_out);
  struct stat status{};
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    throw std::runtime_error(
        cannot_make(path, std::error_code(errno, std::generic_category()), way_out));
  }
  if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    throw std::runtime_error(path.string() + " is not a directory");
  }
  if (status.st_uid != ::geteuid()) {
    throw std::runtime_error("the directory " + path.string() +
                             " belongs to another user: use one of your own, as " +
                             (path / "wm").string());
  }
  if ((status.st_mode & 077 & ~mode) != 0) {
    throw std::runtime_error("the directory " + path.string() +
                             " is open to others: chmod go-rwx it");
  }
  if ((status.st_mode & mode) != mode) ::chmod(path.c_str(), mode);
}

// Root's daemon runs other users' jobs, which write their output there.
void make_state_directory(const std::filesystem::path& directory, const std::string& way_out) {
  const mode_t open_to_runs = ::geteuid() == 0 ? 0711 : 0700;
  ::umask(077);
  make_directory(directory, open_to_runs, way_out);
  make_directory(directory / "logs", 0700, way_out);
  for (const char* part : {"outputs", "work"}) {
    make_directory(directory / part, open_to_runs, way_out);
  }
}

// Without a lock, two daemons that start at the same moment would lock each other out of the
// database. The lock belongs to the process: no child has it, and it ends with us.
UniqueFd lock_state(const std::filesystem::path& directory) {
  const std::string path = directory / "wmd.lock";
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (file && ::fcntl(file.get(), F_SETLK, &whole) == 0) return file;
  if (file && (errno == EACCES || errno == EAGAIN)) {
    throw AnotherServes("cannot use the state directory " + directory.string() +
                        ": another wmd uses it");
  }
  throw std::runtime_error("cannot lock " + path + ": " + std::strerror(errno));
}

}  // namespace wm
