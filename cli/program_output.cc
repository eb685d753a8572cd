#include "cli/program_output.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wm::cli {
namespace {

// Everything up to the end of the stream.
std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t length = 1; length != 0;) {
    length = ::read(fd, part.data(), part.size());
    if (length > 0) text.append(part.data(), static_cast<std::size_t>(length));
    if (length < 0 && errno != EINTR) break;
  }
  return text;
}

int spawn(std::vector<std::string>& command, int out, int err, pid_t& pid) {
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
  const int problem =
      ::posix_spawn(&pid, arguments.front(), &files, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  return problem;
}

}  // namespace

ProgramOutput output_of(std::vector<std::string> command) {
  ProgramOutput output;
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return output;
  // A file in memory: nobody need read it while the program runs.
  const int errors = ::memfd_create("errors", MFD_CLOEXEC);
  pid_t pid = 0;
  const int problem = errors < 0 ? errno : spawn(command, pipe[1], errors, pid);
  ::close(pipe[1]);
  if (problem == 0) {
    output.out = read_all(pipe[0]);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (WIFEXITED(status)) output.status = WEXITSTATUS(status);
    ::lseek(errors, 0, SEEK_SET);
    output.complaint = read_all(errors);
    output.complaint.resize(std::min(output.complaint.find('\n'), output.complaint.size()));
  }
  ::close(pipe[0]);
  if (errors >= 0) ::close(errors);
  return output;
}

}  // namespace wm::cli
