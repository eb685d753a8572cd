#include "daemon/system/handover.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/json_reader.h"
#include "core/text.h"
#include "daemon/system/memory_file.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr const char* kVariable = "WM_HANDOVER";
// Raise it when a part changes so that an earlier program would misread it.
constexpr int kFormat = 1;

bool close_on_exec(int descriptor, bool close) {
  return ::fcntl(descriptor, F_SETFD, close ? FD_CLOEXEC : 0) == 0;
}

std::string read_all(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return "";
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t length = ::pread(file, text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  return text;
}

}  // namespace

Error Handover::exec(const std::string& program, const std::vector<std::string>& arguments) const {
  const auto failed = [&](const std::string& what) {
    return Error{ErrorCode::failed, what + ": " + std::strerror(errno)};
  };
  const UniqueFd file = memory_file(
      json::serialize(json::object{{"format", kFormat}, {"pid", ::getpid()}, {"parts", parts}}));
  if (!file) return failed("cannot write down what is handed over");
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  for (const int descriptor : kept_) close_on_exec(descriptor, false);
  close_on_exec(file.get(), false);
  ::setenv(kVariable, std::to_string(file.get()).c_str(), 1);
  ::execv(program.c_str(), argv.data());
  const Error problem = failed("cannot run " + program);
  ::unsetenv(kVariable);
  for (const int descriptor : kept_) close_on_exec(descriptor, true);
  return problem;
}

std::optional<Handover> Handover::take() {
  const char* const variable = std::getenv(kVariable);
  if (!variable) return std::nullopt;
  const int descriptor = parse_number<int>(variable).value_or(-1);
  ::unsetenv(kVariable);
  if (descriptor <= STDERR_FILENO) return std::nullopt;
  const UniqueFd file(descriptor);
  auto document = parse_object("the handover", read_all(file.get()));
  if (!document) return std::nullopt;
  std::int32_t format = 0;
  std::int32_t pid = 0;
  Handover taken;
  JsonReader(*document).read("format", format).read("pid", pid).read("parts", taken.parts);
  if (format != kFormat || pid != ::getpid()) return std::nullopt;
  return taken;
}

int kept_descriptor(const json::object& part, std::string_view key) {
  std::int32_t descriptor = -1;
  JsonReader(part).read(key, descriptor);
  if (descriptor >= 0) close_on_exec(descriptor, true);
  return descriptor;
}

}  // namespace wm
