#include "cli/program_output.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/child.h"

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

}  // namespace

ProgramOutput output_of(std::vector<std::string> command) {
  ProgramOutput output;
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return output;
  // A file in memory: nobody need read it while the program runs.
  const int errors = ::memfd_create("errors", MFD_CLOEXEC);
  const auto child =
      errors < 0 ? std::unexpected(errno)
                 : start({.words = std::move(command), .files = {kNothing, pipe[1], errors}});
  ::close(pipe[1]);
  if (child) {
    output.out = read_all(pipe[0]);
    output.status = await_end(*child).value_or(-1);
    ::lseek(errors, 0, SEEK_SET);
    output.complaint = read_all(errors);
    output.complaint.resize(std::min(output.complaint.find('\n'), output.complaint.size()));
  }
  ::close(pipe[0]);
  if (errors >= 0) ::close(errors);
  return output;
}

}  // namespace wm::cli
