#include "tests/support/programs.h"

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wm {
namespace {

using Variables = std::map<std::string, std::string>;

std::vector<std::string> environment_with(const Variables& added) {
  std::vector<std::string> list;
  for (char** variable = environ; *variable; ++variable) {
    const std::string name(*variable, std::string_view(*variable).find('='));
    if (!added.contains(name) && name != "WM_SOCKET") list.emplace_back(*variable);
  }
  for (const auto& [name, value] : added) list.push_back(name + '=' + value);
  return list;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (const std::string& text : strings) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

pid_t spawn(const std::vector<std::string>& command, const Variables& variables, int in, int out,
            int err) {
  const auto environment = environment_with(variables);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, in, 0);
  ::posix_spawn_file_actions_adddup2(&files, out, 1);
  ::posix_spawn_file_actions_adddup2(&files, err, 2);
  pid_t pid = -1;
  const int problem = ::posix_spawnp(&pid, command.front().c_str(), &files, nullptr,
                                     pointers(command).data(), pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&files);
  if (problem != 0) throw std::runtime_error("cannot run " + command.front());
  return pid;
}

int exit_status(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

struct Pipe {
  UniqueFd out;
  UniqueFd in;
};

Pipe make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

}  // namespace

Output run_program(const std::vector<std::string>& command, const Variables& variables,
                   const std::string& input) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  const pid_t pid = spawn(command, variables, in.out.get(), out.in.get(), err.in.get());
  in.out.reset();
  out.in.reset();
  err.in.reset();
  // The input fits into the pipe's buffer.
  if (::write(in.in.get(), input.data(), input.size()) < 0) in.in.reset();
  in.in.reset();

  Output output;
  pollfd events[] = {{out.out.get(), POLLIN, 0}, {err.out.get(), POLLIN, 0}};
  std::string* const texts[] = {&output.out, &output.err};
  while (events[0].fd >= 0 || events[1].fd >= 0) {
    ::poll(events, 2, -1);
    for (int i = 0; i < 2; ++i) {
      if (events[i].fd < 0 || events[i].revents == 0) continue;
      char buffer[65'536];
      const ssize_t length = ::read(events[i].fd, buffer, sizeof buffer);
      if (length > 0) {
        texts[i]->append(buffer, static_cast<std::size_t>(length));
      } else {
        events[i].fd = -1;
      }
    }
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  output.status = exit_status(status);
  return output;
}

RunningProgram::RunningProgram(const std::vector<std::string>& command,
                               const std::map<std::string, std::string>& variables) {
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  pid_ = spawn(command, variables, nothing.get(), out.in.get(), err.in.get());
  out_ = std::move(out.out);
  err_ = std::move(err.out);
}

RunningProgram::~RunningProgram() {
  if (pid_ < 0) return;
  signal(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void RunningProgram::signal(int number) const { ::kill(pid_, number); }

bool RunningProgram::sleeps() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
  const std::string status{std::istreambuf_iterator<char>(file), {}};
  const std::size_t name_ends = status.rfind(')');
  return name_ends != std::string::npos && status.substr(name_ends + 2, 1) == "S";
}

std::string RunningProgram::next_line(int fd, std::string& read) {
  char buffer[65'536];
  std::size_t end = 0;
  while ((end = read.find('\n')) == std::string::npos) {
    const ssize_t length = ::read(fd, buffer, sizeof buffer);
    if (length <= 0) return std::exchange(read, "");
    read.append(buffer, static_cast<std::size_t>(length));
  }
  std::string line = read.substr(0, end);
  read.erase(0, end + 1);
  return line;
}

Output RunningProgram::finish() {
  for (auto [fd, text] : {std::pair(out_.get(), &read_.out), std::pair(err_.get(), &read_.err)}) {
    char buffer[65'536];
    for (ssize_t length = 1; length > 0;) {
      length = ::read(fd, buffer, sizeof buffer);
      if (length > 0) text->append(buffer, static_cast<std::size_t>(length));
    }
  }
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  read_.status = exit_status(status);
  return std::exchange(read_, {});
}

RawConnection::RawConnection(const std::string& socket)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_un address = address_of(socket);
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to " + socket);
  }
}

bool RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t length = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (length <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(length));
  }
  return true;
}

std::optional<std::string> RawConnection::receive() {
  for (;;) {
    if (const auto end = received_.find('\0'); end != std::string::npos) {
      std::string message = received_.substr(0, end);
      received_.erase(0, end + 1);
      return message;
    }
    char buffer[65'536];
    const ssize_t length = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (length <= 0) return std::nullopt;
    received_.append(buffer, static_cast<std::size_t>(length));
  }
}

boost::json::object RawConnection::call(std::string_view method, boost::json::object parameters) {
  const boost::json::object message{{"method", method}, {"parameters", std::move(parameters)}};
  send(boost::json::serialize(message) + '\0');
  const auto answer = receive();
  return answer ? boost::json::parse(*answer).as_object() : boost::json::object{};
}

void RawConnection::call_for_more(std::string_view method, boost::json::object parameters) {
  const boost::json::object message{
      {"method", method}, {"parameters", std::move(parameters)}, {"more", true}};
  send(boost::json::serialize(message) + '\0');
}

boost::json::object RawConnection::next() {
  return boost::json::parse(receive().value()).at("parameters").as_object();
}

TestDaemon::TestDaemon(const std::string& configuration) { configure(configuration); }

TestDaemon::~TestDaemon() {
  if (pid_ < 0) return;
  // Cancelling first leaves no child behind. The daemon is killed if it does not answer.
  run_program({WM_PROGRAM, "--socket", socket(), "cancel", "--all"});
  stop();
}

void TestDaemon::configure(const std::string& toml) const {
  std::ofstream(path() / "wmd.toml") << toml;
}

void TestDaemon::start(const std::vector<std::string>& options) {
  const std::string notify = (path() / "notify").string();
  ::unlink(notify.c_str());
  const UniqueFd ready(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(notify);
  if (::bind(ready.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot bind " + notify);
  }
  std::vector<std::string> command{
      program_, "--config",    (path() / "wmd.toml").string(), "--socket",
      socket(), "--state-dir", (path() / "state").string()};
  command.insert(command.end(), options.begin(), options.end());
  const UniqueFd log(
      ::open((path() / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  pid_ = spawn(command, {{"NOTIFY_SOCKET", notify}}, nothing.get(), log.get(), log.get());
  const UniqueFd alive(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  pollfd events[] = {{ready.get(), POLLIN, 0}, {alive.get(), POLLIN, 0}};
  ::poll(events, 2, -1);
  if ((events[0].revents & POLLIN) != 0) return;
  reap();
  std::ifstream text(path() / "log");
  throw std::runtime_error("wmd did not start: " +
                           std::string{std::istreambuf_iterator<char>(text), {}});
}

int TestDaemon::stop() {
  signal(SIGTERM);
  return reap();
}

void TestDaemon::kill() {
  signal(SIGKILL);
  reap();
}

void TestDaemon::signal(int number) const { ::kill(pid_, number); }

int TestDaemon::reap() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return exit_status(status);
}

Output TestDaemon::wm(std::vector<std::string> arguments, const std::string& input) const {
  arguments.insert(arguments.begin(), {WM_PROGRAM, "--socket", socket()});
  return run_program(arguments, {}, input);
}

std::unique_ptr<RunningProgram> TestDaemon::start_wm(
    std::vector<std::string> arguments, const std::map<std::string, std::string>& variables) const {
  arguments.insert(arguments.begin(), {WM_PROGRAM, "--socket", socket()});
  return std::make_unique<RunningProgram>(arguments, variables);
}

boost::json::value TestDaemon::json(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "--json");
  const Output output = wm(std::move(arguments));
  if (output.out.empty()) throw std::runtime_error(output.err);
  return boost::json::parse(output.out);
}

}  // namespace wm
