// The context of every command: the global options, the streams, and the way to the daemon.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/arrival.h"
#include "cli/client.h"
#include "cli/pager.h"
#include "cli/render/style.h"
#include "cli/streams.h"
#include "core/instance.h"
#include "core/words.h"

namespace wm {

namespace cli {
enum class ColorChoice : std::uint8_t { automatic, always, never };
}

template <>
struct Words<cli::ColorChoice> {
  static constexpr std::string_view noun = "choice of colour";
  static constexpr std::array<std::string_view, 3> list{"auto", "always", "never"};
};

}  // namespace wm

namespace wm::cli {

struct GlobalOptions {
  bool json = false;
  bool no_pager = false;
  bool user = false;
  bool system = false;
  std::string socket;
  std::string owner;  // The name or id of the user for whom root acts.
  ColorChoice color = ColorChoice::automatic;
  bool starts_daemon = true;  // If the user's own does not answer, unless WM_AUTOSTART is 0.
};

/// The documented exit codes.
constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kNotFound = 3;
constexpr int kUnreachable = 4;
constexpr int kNotPermitted = 5;
constexpr int kRefused = 6;
constexpr int kNotNow = 75;
constexpr int kTimedOut = 124;

int exit_status(ErrorCode code);

class ProgressLine;

/// Standard output cannot be written.
struct OutputLost : std::exception {};

class Session {
 public:
  Session(GlobalOptions options, Streams streams)
      : options_(std::move(options)), streams_(streams) {}

  bool json() const { return options_.json; }
  /// The caller's own daemon is meant (--user).
  bool user() const { return options_.user; }
  /// The user for whom root acts (--owner); empty: nobody else.
  const std::string& owner() const { return options_.owner; }
  /// True if the daemon obeys the caller in what concerns all users.
  bool rules() const;
  /// An error with --owner, because `what` concerns all users.
  Result<> concern_all(std::string_view what) const;
  std::ostream& out();
  std::ostream& err();
  /// Ends the command, by OutputLost, if what was printed cannot be written: one that goes on for
  /// long would print for nobody.
  void flush();
  /// Long output follows: on a terminal it goes through a pager, which starts with the first of it,
  /// unless people do not want one, or JSON.
  void page();
  bool to_terminal() const;
  /// The style of standard output: colours only on a terminal, unless told otherwise.
  Style style() const;
  /// The same of standard error.
  Style error_style() const;

  /// Takes `--socket`, else $WM_SOCKET, else --user or --system, else the user's daemon if its
  /// socket exists, else the system's. Starts the user's daemon if that is the one and it does not
  /// answer.
  Result<Client> connect();

  /// Asks a question whose answer goes on. If the daemon goes away before its end, the next one is
  /// asked, for as long as $WM_RECONNECT says; none is started. A hint says so, once each time.
  /// `ask` is called for each daemon, and must ask only for what is still missing.
  using Ask = std::function<Result<>(Client&)>;
  Result<> ask_on(const Ask& ask, std::optional<Deadline> deadline = std::nullopt);
  /// True if the last ask_on() ended because its deadline came.
  bool timed_out() const { return timed_out_; }

  /// Connects, and asks one question.
  Result<boost::json::object> ask(std::string_view method, boost::json::object parameters);

  /// The same for an answer in pages: returns all items under `key`.
  Result<boost::json::array> collect(std::string_view method, boost::json::object parameters,
                                     std::string_view key);

  struct Question {
    std::string_view method;
    boost::json::object parameters;
    std::string_view list;  // The parameter that may be larger than a message.
  };
  using PrintPage = std::function<void(const boost::json::array& items)>;

  /// Asks, and prints the items under `key` page by page as they arrive: as parts of one JSON
  /// document, or with `print`. Returns the number of items. On an error, the pages before it are
  /// printed.
  Result<std::size_t> print_pages(Question question, std::string_view key, const PrintPage& print);

  /// Prints one line on the error stream; returns the exit status for the error.
  int complain(const Error& error);
  /// The same about the value of `option`.
  int complain(std::string_view option, const Error& error);

  /// Prints a hint for people, on the error stream.
  void hint(std::string_view text);

  /// Hands the hints to `show` instead, which draws on the whole terminal; nullptr: no longer.
  void show_hints(std::function<void(std::string_view)> show) { show_hint_ = std::move(show); }

  /// Prints one JSON document, and a newline.
  void print(const boost::json::value& document);

 private:
  Style style_on(int fd) const;
  Result<Client> connect_to_daemon();
  Result<Client> connect_user(const Surroundings& surroundings);
  Result<Client> connect_again() const;
  void show_silence(Client& client, ProgressLine& line) const;
  Result<Client> await_daemon(Deadline since, std::optional<Deadline> deadline);

  GlobalOptions options_;
  Streams streams_;
  bool pages_ = false;  // The pager starts with the next output.
  std::unique_ptr<Pager> pager_;
  std::string socket_;          // The first daemon that was found.
  std::optional<uid_t> owner_;  // The user for whom we act.
  bool own_directory_ = false;  // The directory of that socket must belong to the user.
  bool timed_out_ = false;
  std::function<void(std::string_view)> show_hint_;
};

}  // namespace wm::cli
