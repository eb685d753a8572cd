#include "daemon/run_log.h"

#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace wm {

std::filesystem::path RunLog::path_of(WorkId work, int run, LogStream stream) const {
  const char* const ending = stream == LogStream::output ? ".out" : ".err";
  return directory_ / (std::to_string(work) + '.' + std::to_string(run) + ending);
}

UniqueFd RunLog::create(WorkId work, int run, LogStream stream) const {
  return UniqueFd(::open(path_of(work, run, stream).c_str(),
                         O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
}

void RunLog::finish(WorkId work, int run) const {
  for (const LogStream stream : {LogStream::output, LogStream::errors}) {
    const std::string path = path_of(work, run, stream).string();
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0 && status.st_size == 0) ::unlink(path.c_str());
  }
}

void RunLog::remove(WorkId work, int run) const {
  for (const LogStream stream : {LogStream::output, LogStream::errors}) {
    ::unlink(path_of(work, run, stream).c_str());
  }
}

}  // namespace wm
