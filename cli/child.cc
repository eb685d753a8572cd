#include "cli/child.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wm::cli {
namespace {

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (std::string& text : strings) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// The files of a child, with its other attributes.
class Preparation {
 public:
  explicit Preparation(const ChildProgram& program) {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    for (int fd = 0; fd < static_cast<int>(program.files.size()); ++fd) {
      const int given = program.files.at(static_cast<std::size_t>(fd));
      if (given == kNothing) {
        const int mode = fd == 0 ? O_RDONLY : O_WRONLY;
        ::posix_spawn_file_actions_addopen(&files, fd, "/dev/null", mode, 0);
      } else if (given != fd) {
        ::posix_spawn_file_actions_adddup2(&files, given, fd);
      }
    }
    sigset_t by_default;
    ::sigemptyset(&by_default);
    for (const int signal : program.default_signals) ::sigaddset(&by_default, signal);
    ::posix_spawnattr_setsigdefault(&attributes, &by_default);
    const int session = program.own_session ? POSIX_SPAWN_SETSID : 0;
    ::posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSIGDEF | session));
  }
  ~Preparation() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
  }
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

}  // namespace

std::vector<std::string> own_environment() {
  std::vector<std::string> list;
  for (char** variable = environ; *variable; ++variable) list.emplace_back(*variable);
  return list;
}

std::expected<pid_t, int> start(ChildProgram program) {
  const Preparation preparation(program);
  std::vector<char*> environment;
  if (program.environment) environment = pointers(*program.environment);
  pid_t pid = 0;
  const int problem = ::posix_spawnp(&pid, program.words.front().c_str(), &preparation.files,
                                     &preparation.attributes, pointers(program.words).data(),
                                     program.environment ? environment.data() : environ);
  return problem == 0 ? std::expected<pid_t, int>(pid) : std::unexpected(problem);
}

std::optional<int> await_end(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return std::nullopt;
  }
  return WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt;
}

}  // namespace wm::cli
