#include "cli/pager.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <streambuf>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/child.h"

namespace wm::cli {
namespace {

constexpr int kInterrupted = 128 + SIGINT;
constexpr std::size_t kBuffer = 16'384;

// The pager that runs, for the handler of Ctrl-C.
volatile std::sig_atomic_t running = 0;

// People may have left the pager while we wait for the daemon: then Ctrl-C is for us.
void on_interrupt(int) {
  const int saved = errno;
  if (::waitpid(running, nullptr, WNOHANG) != 0) ::_exit(kInterrupted);
  errno = saved;
}

void set_handler(int signal, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(signal, &action, nullptr);
}

std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  for (std::size_t begin = command.find_first_not_of(' '); begin != std::string::npos;) {
    const std::size_t end = std::min(command.find(' ', begin), command.size());
    words.push_back(command.substr(begin, end - begin));
    begin = command.find_first_not_of(' ', end);
  }
  return words;
}

// The environment, in which less quits if all fits on the screen, keeps colours, and shows the
// names of jobs, which are UTF-8 in every locale.
std::vector<std::string> environment_of_pager() {
  std::vector<std::string> variables = own_environment();
  if (!std::getenv("LESS")) variables.emplace_back("LESS=FRX");
  if (!std::getenv("LESSCHARSET")) variables.emplace_back("LESSCHARSET=utf-8");
  return variables;
}

}  // namespace

std::vector<std::string> pager_command(const std::function<const char*(const char*)>& variable) {
  const char* const terminal = variable("TERM");
  if (!terminal || !*terminal || std::string_view(terminal) == "dumb") return {};
  const char* named = variable("WM_PAGER");
  if (!named) named = variable("PAGER");
  std::string command = named ? named : "less";
  if (command.find_first_of("|&;<>()$`\\\"'\t\n*?[#~=%") != std::string::npos) {
    return {"sh", "-c", std::move(command)};
  }
  std::vector<std::string> words = words_of(command);
  return words == std::vector<std::string>{"cat"} ? std::vector<std::string>{} : words;
}

// Writes to the pager, and ends the program once nobody reads.
class Pager::Pipe : public std::streambuf {
 public:
  Pipe(int fd, pid_t pid) : fd_(fd), pid_(pid) {
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() override {
    write_all();
    set_handler(SIGINT, SIG_IGN);  // There is nothing to do but wait.
    ::close(fd_);
    await_end(pid_);
  }

 protected:
  int_type overflow(int_type next) override {
    write_all();
    if (traits_type::eq_int_type(next, traits_type::eof())) return traits_type::not_eof(next);
    return sputc(traits_type::to_char_type(next));
  }
  int sync() override {
    write_all();
    return 0;
  }

 private:
  void write_all() {
    for (const char* from = pbase(); from != pptr();) {
      const ssize_t length = ::write(fd_, from, static_cast<std::size_t>(pptr() - from));
      if (length < 0 && errno == EINTR) continue;
      if (length < 0) {
        set_handler(SIGINT, SIG_IGN);
        await_end(pid_);
        ::_exit(EXIT_SUCCESS);
      }
      from += length;
    }
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }

  int fd_;
  pid_t pid_;
  std::array<char, kBuffer> buffer_{};
};

Pager::Pager(int pipe, pid_t pid) : pipe_(std::make_unique<Pipe>(pipe, pid)), out_(pipe_.get()) {}

Pager::~Pager() {
  out_.rdbuf(nullptr);
  pipe_.reset();
  set_handler(SIGINT, SIG_DFL);
  set_handler(SIGPIPE, SIG_DFL);
}

Result<std::unique_ptr<Pager>> Pager::start(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorCode::failed, std::string("cannot start a pager: ") + std::strerror(errno));
  }
  const auto pager = cli::start({.words = command,
                                 .files = {ends[0], 1, 2},
                                 .environment = environment_of_pager(),
                                 .default_signals = {SIGPIPE}});
  ::close(ends[0]);
  if (!pager) {
    ::close(ends[1]);
    return fail(ErrorCode::failed, "cannot start the pager '" + command.front() +
                                       "': " + std::strerror(pager.error()));
  }
  running = *pager;
  set_handler(SIGINT, on_interrupt);
  set_handler(SIGPIPE, SIG_IGN);
  return std::unique_ptr<Pager>(new Pager(ends[1], *pager));
}

}  // namespace wm::cli
