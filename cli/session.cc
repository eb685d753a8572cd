#include "cli/session.h"

#include <charconv>
#include <cstdlib>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/autostart.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {
namespace {

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// A directory in /tmp may be anybody's: what listens there must be the user's own.
Result<> check_directory(const std::string& socket, uid_t uid) {
  const std::string directory = socket.substr(0, socket.rfind('/'));
  struct stat status{};
  if (::lstat(directory.c_str(), &status) != 0) return {};
  if (S_ISDIR(status.st_mode) && status.st_uid == uid && (status.st_mode & 077) == 0) return {};
  return fail(
      ErrorCode::not_permitted,
      "the directory " + directory + " is not yours alone: remove it, or set XDG_RUNTIME_DIR");
}

Result<uid_t> find_owner(const std::string& name) {
  if (const passwd* user = ::getpwnam(name.c_str())) return user->pw_uid;
  uid_t uid = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, problem] = std::from_chars(name.data(), end, uid);
  if (problem == std::errc() && stop == end) return uid;
  return fail(ErrorCode::invalid, "--owner: there is no user '" + name + "'");
}

}  // namespace

int exit_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return kUsage;
    case ErrorCode::not_found:
      return kNotFound;
    case ErrorCode::refused:
      return kRefused;
    case ErrorCode::not_permitted:
      return kNotPermitted;
    case ErrorCode::unreachable:
      return kUnreachable;
    case ErrorCode::failed:
      return kFailed;
  }
  return kFailed;
}

bool Session::to_terminal() const { return ::isatty(STDOUT_FILENO) != 0; }

Style Session::style() const {
  switch (options_.color) {
    case ColorChoice::always:
      return Style(true);
    case ColorChoice::never:
      return Style(false);
    case ColorChoice::automatic:
      break;
  }
  return Style(to_terminal() && !std::getenv("NO_COLOR"));
}

Result<Client> Session::connect() {
  if (options_.owner.empty()) return connect_to_daemon();
  const auto owner = find_owner(options_.owner);
  if (!owner) return std::unexpected(owner.error());
  auto client = connect_to_daemon();
  if (client) client->act_for(*owner);
  return client;
}

Result<Client> Session::connect_to_daemon() {
  if (!options_.socket.empty()) return Client::connect(options_.socket);
  const auto surroundings = Surroundings::from(
      [](const char* name) -> const char* { return std::getenv(name); }, ::geteuid());
  if (!options_.user && !options_.system) {
    if (const char* socket = std::getenv("WM_SOCKET"); socket && *socket)
      return Client::connect(socket);
  }
  const std::string system = socket_path(Instance::system, surroundings);
  const bool no_user = !is_there(socket_path(Instance::user, surroundings)) && is_there(system);
  if (options_.system || (!options_.user && no_user)) return Client::connect(system);
  return connect_user(surroundings);
}

Result<Client> Session::connect_user(const Surroundings& surroundings) {
  const std::string socket = socket_path(Instance::user, surroundings);
  if (auto own = check_directory(socket, surroundings.uid); !own)
    return std::unexpected(own.error());
  auto client = Client::connect(socket);
  const char* wanted = std::getenv("WM_AUTOSTART");
  if (client || (wanted && std::string_view(wanted) == "0")) return client;
  if (auto started = start_user_daemon(); !started) {
    return fail(ErrorCode::unreachable, client.error().message + "; " + started.error().message);
  }
  err() << "wm: started wmd --user\n";
  return Client::connect(socket);
}

Result<boost::json::object> Session::ask(std::string_view method, boost::json::object parameters) {
  auto client = connect();
  if (!client) return std::unexpected(client.error());
  return client->call(method, std::move(parameters));
}

Result<boost::json::array> Session::collect(std::string_view method, boost::json::object parameters,
                                            std::string_view key) {
  auto client = connect();
  if (!client) return std::unexpected(client.error());
  boost::json::array all;
  const auto done =
      client->stream(method, std::move(parameters), [&](const boost::json::object& page) {
        for (const boost::json::value& item : array_of(page, key)) all.push_back(item);
      });
  if (!done) return std::unexpected(done.error());
  return all;
}

int Session::complain(const Error& error) {
  err() << "wm: " << printable(error.message) << '\n';
  return exit_status(error.code);
}

int Session::complain(std::string_view option, const Error& error) {
  return complain(Error{error.code, std::string(option) + ": " + error.message});
}

void Session::print(const boost::json::value& document) {
  out() << boost::json::serialize(document) << '\n';
}

}  // namespace wm::cli
