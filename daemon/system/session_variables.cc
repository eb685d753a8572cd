#include "daemon/system/session_variables.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <string_view>
#include <utility>

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <linux/openat2.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/system/unique_fd.h"

namespace wm {
namespace {

constexpr const char* kRuntimeDirectory = "XDG_RUNTIME_DIR";
constexpr const char* kSessionBus = "DBUS_SESSION_BUS_ADDRESS";
constexpr std::array<std::string_view, 8> kOfASession{
    kRuntimeDirectory, kSessionBus,     "DISPLAY",          "WAYLAND_DISPLAY",
    "XAUTHORITY",      "SSH_AUTH_SOCK", "XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP"};

constexpr std::chrono::seconds kPatience{1};
constexpr std::chrono::minutes kSilence{1};

bool is_of_locale(std::string_view name) { return name == "LANG" || name.starts_with("LC_"); }
bool is_of_session(std::string_view name) { return std::ranges::count(kOfASession, name) > 0; }

// Adds it if runs are given variables of that name. An empty value counts as none.
void add(Variables& variables, std::string_view variable, bool (*wanted)(std::string_view)) {
  const std::size_t end = variable.find('=');
  if (end == std::string_view::npos || end + 1 == variable.size()) return;
  const std::string_view name = variable.substr(0, end);
  if (wanted(name)) variables[std::string(name)] = variable.substr(end + 1);
}

Variables own_variables(bool (*wanted)(std::string_view)) {
  Variables variables;
  for (char** variable = environ; *variable; ++variable) add(variables, *variable, wanted);
  return variables;
}

// Opens what is there itself, not what a link leads to; -1: nothing is there. It uses only the
// kernel's cache, which holds all of a tmpfs: the user may have mounted a file system there that
// never answers.
int look_up(const std::filesystem::path& path) {
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_CACHED;
  const long file = ::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how);
  // This happens before Linux 5.12, or if a sandbox forbids the call.
  if (file < 0 && (errno == ENOSYS || errno == EINVAL || errno == EPERM)) {
    return ::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  }
  return static_cast<int>(file);
}

bool has(const std::filesystem::path& path, mode_t type, uid_t owner) {
  const UniqueFd file(look_up(path));
  struct statx status{};
  return file &&
         ::statx(file.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_UID,
                 &status) == 0 &&
         (status.stx_mode & S_IFMT) == type && status.stx_uid == owner;
}

bool is_of_another_user(const Variables& own) {
  const auto directory = own.find(kRuntimeDirectory);
  struct stat status{};
  return directory != own.end() && ::stat(directory->second.c_str(), &status) == 0 &&
         status.st_uid != ::geteuid();
}

// Reads a variant of an array of NAME=VALUE; an error has none.
Variables read_environment(sd_bus_message* answer) {
  Variables variables;
  if (sd_bus_message_is_method_error(answer, nullptr) > 0) return variables;
  const auto read_one = [&] {
    const char* variable = nullptr;
    if (sd_bus_message_read_basic(answer, SD_BUS_TYPE_STRING, &variable) <= 0) return false;
    add(variables, variable,
        [](std::string_view name) { return is_of_locale(name) || is_of_session(name); });
    return true;
  };
  read_container(answer, SD_BUS_TYPE_VARIANT, "as",
                 [&] { return read_container(answer, SD_BUS_TYPE_ARRAY, "s", read_one); });
  return variables;
}

}  // namespace

Variables locale_variables() { return own_variables(is_of_locale); }

Variables runtime_variables(uid_t uid, const std::filesystem::path& parent) {
  const std::filesystem::path directory = parent / std::to_string(uid);
  const std::filesystem::path bus = directory / "bus";
  Variables variables;
  if (!has(directory, S_IFDIR, uid)) return variables;
  variables[kRuntimeDirectory] = directory;
  if (has(bus, S_IFSOCK, uid)) variables[kSessionBus] = "unix:path=" + bus.string();
  return variables;
}

SessionVariables::SessionVariables(boost::asio::io_context& loop)
    : loop_(loop),
      bus_(loop, BusKind::session),
      limit_(loop),
      own_(own_variables(is_of_session)),
      of_another_(is_of_another_user(own_)) {}

Variables SessionVariables::variables() const {
  Variables all = heard_;
  all.merge(of_another_ ? runtime_variables(::geteuid()) : Variables(own_));
  all.merge(locale_variables());
  return all;
}

bool SessionVariables::can_ask() {
  return !of_another_ && std::chrono::steady_clock::now() >= silent_until_ && bus_.open();
}

// A question that is already under way may be answered with older values.
void SessionVariables::ask(std::function<void()> known) {
  if (!can_ask()) return known();
  next_.push_back(std::move(known));
  if (!std::exchange(sending_, true)) boost::asio::post(loop_, [this] { send(); });
}

void SessionVariables::send() {
  asking_ = std::exchange(next_, {});
  call_ = bus_.call({"org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                     "org.freedesktop.DBus.Properties", "Get"},
                    {"org.freedesktop.systemd1.Manager", "Environment"},
                    [this](sd_bus_message* answer) { take(answer); });
  if (!call_) return tell();
  limit_.expires_after(kPatience);
  limit_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) give_up();
  });
}

void SessionVariables::take(sd_bus_message* answer) {
  heard_ = read_environment(answer);
  limit_.cancel();
  tell();
}

// Nobody else waits for it within a minute.
void SessionVariables::give_up() {
  spdlog::warn("the user's systemd does not report the session: runs find the last known one");
  if (bus_.is_open()) silent_until_ = std::chrono::steady_clock::now() + kSilence;
  std::ranges::move(std::exchange(next_, {}), std::back_inserter(asking_));
  tell();
}

void SessionVariables::tell() {
  call_ = {};
  const bool more = !next_.empty();
  sending_ = more;
  for (const auto& known : std::exchange(asking_, {})) known();
  if (more) send();
}

}  // namespace wm
