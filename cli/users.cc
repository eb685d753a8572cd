#include "cli/users.h"

#include <array>
#include <cerrno>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"

namespace wm::cli {
namespace {

using Users = std::vector<std::pair<uid_t, std::string>>;

// What the program prints; nothing if it cannot run.
std::string output_of(std::vector<std::string> command) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return "";
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, pipe[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int problem =
      ::posix_spawn(&pid, arguments.front(), &files, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::close(pipe[1]);
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t length = 1; problem == 0 && length != 0;) {
    length = ::read(pipe[0], part.data(), part.size());
    if (length > 0) text.append(part.data(), static_cast<std::size_t>(length));
    if (length < 0 && errno != EINTR) break;
  }
  ::close(pipe[0]);
  if (problem == 0) ::waitpid(pid, nullptr, 0);
  return text;
}

// Those of the names and numbers that the system knows.
Users look_up(const std::vector<std::string>& keys) {
  std::vector<std::string> command{"/usr/bin/getent", "passwd", "--"};
  command.insert(command.end(), keys.begin(), keys.end());
  Users users;
  std::istringstream lines(output_of(std::move(command)));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string name;
    std::string password;
    std::string number;
    std::getline(std::getline(std::getline(fields, name, ':'), password, ':'), number, ':');
    if (const auto user = parse_number<uid_t>(number)) users.emplace_back(*user, name);
  }
  return users;
}

}  // namespace

Result<uid_t> find_user(const std::string& name) {
  if (const Users found = look_up({name}); !found.empty()) return found.front().first;
  if (const auto number = parse_number<uid_t>(name)) return *number;
  return fail(ErrorCode::invalid, "there is no user '" + printable(name) + "'");
}

void UserNames::learn(const std::vector<uid_t>& users) {
  std::vector<std::string> fresh;
  for (const uid_t user : users) {
    std::string number = std::to_string(user);
    if (names_.emplace(user, number).second) fresh.push_back(std::move(number));
  }
  if (fresh.empty()) return;
  for (auto& [user, name] : look_up(fresh)) names_.insert_or_assign(user, std::move(name));
}

std::string UserNames::of(uid_t user) const {
  const auto known = names_.find(user);
  return known == names_.end() ? std::to_string(user) : known->second;
}

}  // namespace wm::cli
