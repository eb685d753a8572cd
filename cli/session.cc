#include "cli/session.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <utility>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/autostart.h"
#include "cli/parts.h"
#include "cli/progress_line.h"
#include "cli/render/screen.h"
#include "cli/render/work.h"
#include "cli/users.h"
#include "core/text.h"

namespace wm::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// Anybody may have made a directory in /tmp: it must be the user's own.
Result<> check_directory(const std::string& socket, uid_t uid) {
  const std::string directory = socket.substr(0, socket.rfind('/'));
  struct stat status{};
  if (::lstat(directory.c_str(), &status) != 0) return {};
  if (S_ISDIR(status.st_mode) && status.st_uid == uid && (status.st_mode & 077) == 0) return {};
  return fail(
      ErrorCode::not_permitted,
      "the directory " + directory + " is not yours alone: remove it, or set XDG_RUNTIME_DIR");
}

// The locale's character set, as its name says: a static program has no locales.
bool speaks_utf8() {
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const set = std::getenv(name);
    if (!set || !*set) continue;
    std::string locale(set);
    std::ranges::transform(locale, locale.begin(), [](unsigned char c) { return std::tolower(c); });
    return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return false;
}

// The longest wait for a daemon that went away: $WM_RECONNECT.
Duration patience() {
  const char* const said = std::getenv("WM_RECONNECT");
  const auto time = parse_duration(said ? said : "");
  return time ? *time : 60s;
}

// The pause between two questions to a daemon that hangs up on each.
constexpr milliseconds kFirstRest{10};
constexpr milliseconds kLongestRest{1000};

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

// The socket is its daemon's, who is obeyed as root is.
bool Session::rules() const {
  struct stat status{};
  return ::geteuid() == 0 || ::stat(socket_.c_str(), &status) != 0 || status.st_uid == ::geteuid();
}

Result<> Session::concern_all(std::string_view what) const {
  if (options_.owner.empty()) return {};
  return fail(ErrorCode::invalid,
              "--owner: " + std::string(what) + " concerns everybody's jobs: leave --owner out");
}

std::ostream& Session::out() {
  if (std::exchange(pages_, false)) {
    const auto variable = [](const char* name) -> const char* { return std::getenv(name); };
    if (const auto command = pager_command(variable); !command.empty()) {
      auto started = Pager::start(command);
      if (started) {
        pager_ = std::move(*started);
      } else if (std::getenv("WM_PAGER") || std::getenv("PAGER")) {
        hint(started.error().message);
      }
    }
  }
  return pager_ ? pager_->out() : streams_.out;
}

void Session::flush() {
  if (!out().flush()) throw OutputLost();
}

// A message would disturb the pager on the same terminal.
std::ostream& Session::err() {
  return pager_ && ::isatty(STDERR_FILENO) != 0 ? pager_->out() : streams_.err;
}

void Session::page() { pages_ = to_terminal() && !json() && !options_.no_pager; }

void Session::show_silence(Client& client, ProgressLine& line) const {
  if (!line.shown()) return;
  client.set_on_silence(1s, [&line, this] {
    if (!pager_) line.say("waiting for the daemon");
  });
}

bool Session::to_terminal() const { return ::isatty(STDOUT_FILENO) != 0; }

Style Session::style() const { return style_on(STDOUT_FILENO); }

Style Session::error_style() const { return style_on(STDERR_FILENO); }

Style Session::style_on(int fd) const {
  const bool unicode = speaks_utf8();
  switch (options_.color) {
    case ColorChoice::always:
      return Style(true, unicode);
    case ColorChoice::never:
      return Style(false, unicode);
    case ColorChoice::automatic:
      break;
  }
  const bool coloured = ::isatty(fd) != 0 && is_capable_terminal() && !std::getenv("NO_COLOR");
  return Style(coloured, unicode);
}

Result<Client> Session::connect() {
  if (!options_.owner.empty()) {
    const auto owner = find_user(options_.owner);
    if (!owner) return fail(owner.error().code, "--owner: " + owner.error().message);
    owner_ = *owner;
  }
  auto client = connect_to_daemon();
  if (client && owner_) client->act_for(*owner_);
  return client;
}

Result<Client> Session::connect_to_daemon() {
  const auto surroundings = Surroundings::from(
      [](const char* name) -> const char* { return std::getenv(name); }, ::geteuid());
  const char* const named = std::getenv("WM_SOCKET");
  const std::string system = socket_path(Instance::system, surroundings);
  if (!options_.socket.empty()) {
    socket_ = options_.socket;
  } else if (!options_.user && !options_.system && named && *named) {
    socket_ = named;
  } else if (options_.system ||
             (!options_.user && !is_there(socket_path(Instance::user, surroundings)) &&
              is_there(system))) {
    socket_ = system;
  } else {
    return connect_user(surroundings);
  }
  return Client::connect(socket_);
}

Result<Client> Session::connect_user(const Surroundings& surroundings) {
  socket_ = socket_path(Instance::user, surroundings);
  own_directory_ = true;
  auto client = connect_again();
  const char* wanted = std::getenv("WM_AUTOSTART");
  if (client || client.error().code != ErrorCode::unreachable || !options_.starts_daemon ||
      (wanted && std::string_view(wanted) == "0")) {
    return client;
  }
  const auto started = start_user_daemon(socket_, [this] { return connect_again(); });
  if (!started) {
    return fail(ErrorCode::unreachable, client.error().message + "; " + started.error().message);
  }
  if (*started) err() << "wm: started wmd --user\n";
  return connect_again();
}

Result<Client> Session::connect_again() const {
  if (own_directory_) {
    if (auto own = check_directory(socket_, ::geteuid()); !own) return std::unexpected(own.error());
  }
  auto client = Client::connect(socket_);
  if (client && owner_) client->act_for(*owner_);
  return client;
}

// Connects at once if a daemon is there already, for example behind a socket that systemd keeps.
Result<Client> Session::await_daemon(Deadline since, std::optional<Deadline> deadline) {
  auto client = connect_again();
  if (client || client.error().code != ErrorCode::unreachable) return client;
  const Duration time = patience();
  if (time == Duration::zero()) {
    return fail(ErrorCode::unreachable, "the daemon went away: " + client.error().message);
  }
  hint("the daemon went away: waiting up to " + format_duration(time) + " for one to come back");
  const Deadline end = since + time;
  client = connect_once_there(
      socket_, [this] { return connect_again(); }, deadline ? std::min(*deadline, end) : end);
  if (client || client.error().code != ErrorCode::unreachable) return client;
  return fail(ErrorCode::unreachable, "no daemon came back within " + format_duration(time) + ": " +
                                          client.error().message);
}

Result<> Session::ask_on(const Ask& ask, std::optional<Deadline> deadline) {
  auto client = connect();
  milliseconds pause = kFirstRest;
  for (Deadline gone{};;) {
    if (!client) return std::unexpected(client.error());
    if (deadline) client->set_deadline(*deadline);
    const Result<> done = ask(*client);
    timed_out_ = client->timed_out();
    if (done || timed_out_ || done.error().code != ErrorCode::unreachable) return done;
    if (client->heard() || gone == Deadline{}) {
      gone = steady_clock::now();
      pause = kFirstRest;
    } else {  // A daemon that is there and does not answer is not asked all the time.
      ::poll(nullptr, 0, static_cast<int>(pause.count()));
      pause = std::min(pause * 2, kLongestRest);
      if (steady_clock::now() > gone + patience()) return done;
    }
    client = await_daemon(gone, deadline);
    timed_out_ = !client && deadline && steady_clock::now() >= *deadline;
  }
}

Result<boost::json::object> Session::ask(std::string_view method, boost::json::object parameters) {
  auto client = connect();
  if (!client) return std::unexpected(client.error());
  ProgressLine line(err(), ::isatty(STDERR_FILENO) != 0);
  show_silence(*client, line);
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

Result<std::size_t> Session::print_pages(Question question, std::string_view key,
                                         const PrintPage& print) {
  auto client = connect();
  if (!client) return std::unexpected(client.error());
  ProgressLine line(err(), ::isatty(STDERR_FILENO) != 0);
  show_silence(*client, line);
  std::size_t count = 0;
  const auto print_json = [&](const boost::json::array& items) {
    std::size_t printed = count;
    for (const boost::json::value& item : items) {
      out() << (printed++ == 0 ? "[" : ",") << boost::json::serialize(item);
    }
  };
  const auto print_page = [&](const boost::json::object& page) {
    const boost::json::array& items = array_of(page, key);
    if (to_terminal()) line.clear();
    if (items.empty()) return;
    json() ? print_json(items) : print(items);
    flush();  // A reader who has seen enough ends us here.
    count += items.size();
    if (!to_terminal()) line.say(std::to_string(count) + " printed");
  };
  const auto say_sent = [&](std::size_t sent, std::size_t all) {
    line.say(std::to_string(sent * 100 / all) + " % sent");
  };
  auto& [method, parameters, list] = question;
  const auto done = list.empty() ? client->stream(method, std::move(parameters), print_page)
                                 : stream_in_parts(*client, method, std::move(parameters), list,
                                                   print_page, say_sent);
  if (!done) return std::unexpected(done.error());
  if (json()) out() << (count == 0 ? "[]" : "]") << '\n';
  return count;
}

int Session::complain(const Error& error) {
  err() << "wm: " << printable(error.message) << '\n';
  return exit_status(error.code);
}

int Session::complain(std::string_view option, const Error& error) {
  return complain(Error{error.code, std::string(option) + ": " + error.message});
}

void Session::hint(std::string_view text) {
  if (show_hint_) return show_hint_(text);
  err() << "wm: " << text << '\n';
}

void Session::print(const boost::json::value& document) {
  out() << boost::json::serialize(document) << '\n';
}

}  // namespace wm::cli
