#include "cli/render/screen.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace wm::cli {
namespace {

// The other page without a cursor, on which long lines are cut; and back.
constexpr std::string_view kEnter = "\033[?1049h\033[?25l\033[?7l";
constexpr std::string_view kLeave = "\033[?7h\033[?25h\033[?1049l";
constexpr std::array kEnds{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

void write_now(std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
}

// The program ends by the signal, as a shell expects.
void end_by(int signal) {
  write_now(kLeave);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void pause_by(int) {
  write_now(kLeave);
  std::raise(SIGSTOP);
  write_now(kEnter);
}

}  // namespace

std::size_t terminal_rows(int fd) {
  winsize size{};
  if (::isatty(fd) == 0 || ::ioctl(fd, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_row;
}

bool is_capable_terminal() {
  const char* const terminal = std::getenv("TERM");
  return terminal && *terminal && std::string_view(terminal) != "dumb";
}

Screen::Screen(std::ostream& out) : out_(out) {
  out_ << std::flush;
  for (const int signal : kEnds) std::signal(signal, end_by);
  std::signal(SIGTSTP, pause_by);
  write_now(kEnter);
}

Screen::~Screen() {
  out_ << std::flush;
  write_now(kLeave);
  for (const int signal : kEnds) std::signal(signal, SIG_DFL);
  std::signal(SIGTSTP, SIG_DFL);
}

// A line is erased before it is written: erasing after one that fills its row would take its last
// column.
void Screen::draw(const std::vector<std::string>& lines) {
  out_ << "\033[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool last = i + 1 == lines.size();
    out_ << (i == 0 ? "" : "\r\n") << (last ? "\033[J" : "\033[K") << lines[i];
  }
  out_ << std::flush;
}

std::vector<std::string> fit_rows(std::vector<std::string> lines, std::vector<std::string> foot,
                                  std::size_t rows, const std::string& dots) {
  const std::size_t below = foot.size() + 1;
  if (lines.size() + foot.size() > rows && rows > below) {
    const std::size_t cut = lines.size() - (rows - below);
    lines.resize(rows - below);
    lines.push_back(dots + " " + std::to_string(cut) + " more");
  }
  std::ranges::move(foot, std::back_inserter(lines));
  return lines;
}

}  // namespace wm::cli
