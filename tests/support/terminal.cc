#include "tests/support/terminal.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wm {
namespace {

[[noreturn]] void become(const std::vector<std::string>& command,
                         const std::map<std::string, std::string>& variables) {
  for (const char* const name : {"NO_COLOR", "LC_ALL", "LC_CTYPE", "PAGER", "LESS", "WM_SOCKET"}) {
    ::unsetenv(name);
  }
  ::setenv("TERM", "xterm", 1);
  ::setenv("LANG", "C.UTF-8", 1);
  ::setenv("WM_PAGER", "", 1);
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words.front(), words.data());
  ::_exit(127);
}

winsize size_of(unsigned short columns, unsigned short rows) { return {rows, columns, 0, 0}; }

}  // namespace

Terminal::Terminal(unsigned short columns, unsigned short rows,
                   const std::vector<std::string>& command,
                   const std::map<std::string, std::string>& variables) {
  const winsize size = size_of(columns, rows);
  int fd = -1;
  pid_ = ::forkpty(&fd, nullptr, nullptr, &size);
  if (pid_ == 0) become(command, variables);
  if (pid_ < 0) throw std::runtime_error("no terminal");
  fd_ = UniqueFd(fd);
}

Terminal::~Terminal() {
  if (pid_ < 0) return;
  signal(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

// A terminal that nobody has open any more answers with an error.
bool Terminal::read_more() {
  char buffer[65'536];
  const ssize_t length = ::read(fd_.get(), buffer, sizeof buffer);
  if (length > 0) read_.append(buffer, static_cast<std::size_t>(length));
  return length > 0 || (length < 0 && errno == EINTR);
}

bool Terminal::await(const std::string& text) {
  for (;;) {
    if (const std::size_t found = read_.find(text, seen_); found != std::string::npos) {
      seen_ = found + text.size();
      return true;
    }
    if (!read_more()) return false;
  }
}

void Terminal::type(const std::string& keys) const {
  if (::write(fd_.get(), keys.data(), keys.size()) < 0) throw std::runtime_error("cannot type");
}

void Terminal::resize(unsigned short columns, unsigned short rows) const {
  const winsize size = size_of(columns, rows);
  ::ioctl(fd_.get(), TIOCSWINSZ, &size);
}

void Terminal::signal(int number) const { ::kill(pid_, number); }

int Terminal::finish() {
  while (read_more()) {
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string Terminal::text() const {
  std::string text;
  for (const char c : read_) {
    if (c != '\r') text += c;
  }
  return text;
}

}  // namespace wm
