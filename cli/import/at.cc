#include "cli/import/at.h"

#include <algorithm>
#include <array>

#include "cli/import/job_name.h"
#include "cli/import/lines.h"
#include "cli/render/local_time.h"
#include "core/text.h"

namespace wm::cli {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// These belong to the session in which at was called, or a run has its own.
constexpr std::array<std::string_view, 27> kOfSession{"HOME",
                                                      "USER",
                                                      "LOGNAME",
                                                      "SHELL",
                                                      "PWD",
                                                      "OLDPWD",
                                                      "SHLVL",
                                                      "_",
                                                      "TERM",
                                                      "COLORTERM",
                                                      "LS_COLORS",
                                                      "MAIL",
                                                      "TMUX",
                                                      "TMUX_PANE",
                                                      "STY",
                                                      "WINDOW",
                                                      "WINDOWID",
                                                      "COLUMNS",
                                                      "LINES",
                                                      "INVOCATION_ID",
                                                      "JOURNAL_STREAM",
                                                      "LANG",
                                                      "DISPLAY",
                                                      "WAYLAND_DISPLAY",
                                                      "XAUTHORITY",
                                                      "SYSTEMD_EXEC_PID",
                                                      "MANAGERPID"};
constexpr std::array<std::string_view, 8> kFamilies{"SSH_",  "XDG_",    "DBUS_", "GPG_",
                                                    "SUDO_", "VSCODE_", "LC_",   "BASH_FUNC_"};

bool is_of_session(std::string_view name) {
  return std::ranges::find(kOfSession, name) != kOfSession.end() ||
         std::ranges::any_of(kFamilies, [&](auto family) { return name.starts_with(family); });
}

// at writes `\` before what a shell might obey, and a newline between double quotes.
std::string without_escapes(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "\"\n\"") {
      plain += '\n';
      i += 2;
    } else {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      plain += text[i];
    }
  }
  return plain;
}

// Takes what stands before `end` from the text; nothing if that does not come.
std::optional<std::string_view> take_until(std::string_view& text, std::string_view end) {
  const std::size_t found = text.find(end);
  if (found == std::string_view::npos) return std::nullopt;
  const std::string_view before = text.substr(0, found);
  text.remove_prefix(found + end.size());
  return before;
}

// The parts of the script that at -c prints: the surroundings in which at was called, and what it
// was given.
struct AtScript {
  std::string mask;
  std::vector<std::pair<std::string, std::string>> variables;
  std::string directory;
  std::string command;
};

// Nothing if it does not look like one.
std::optional<AtScript> read_script(std::string_view text) {
  AtScript script;
  while (text.starts_with('#')) {
    if (!take_until(text, "\n")) return std::nullopt;
  }
  if (text.starts_with("umask ")) {
    text.remove_prefix(6);
    const auto mask = take_until(text, "\n");
    if (!mask) return std::nullopt;
    script.mask = *mask;
  }
  while (!text.starts_with("cd ")) {
    const auto name = take_until(text, "=");
    if (!name || name->find('\n') != std::string_view::npos) return std::nullopt;
    const auto value = take_until(text, "; export " + std::string(*name) + "\n");
    if (!value) return std::nullopt;
    script.variables.emplace_back(*name, without_escapes(*value));
  }
  text.remove_prefix(3);
  const auto directory = take_until(text, " || {\n");
  if (!directory || !take_until(text, "\n}\n")) return std::nullopt;
  script.directory = without_escapes(*directory);
  while (text.ends_with('\n')) text.remove_suffix(1);
  script.command = text;
  return script;
}

void use_script(Entry& entry, const AtScript& script) {
  std::vector<std::string> left_out;
  for (const auto& [name, value] : script.variables) {
    if (is_of_session(name)) {
      if (name != "HOME" && name != "USER" && name != "LOGNAME") left_out.push_back(name);
    } else {
      set_variable(entry, name, value);
    }
  }
  if (!left_out.empty()) entry.note(join(left_out) + ": left out, a run has its own or none");
  entry.request.cwd = script.directory;
  const auto mask = parse_number<std::int32_t>(script.mask, 8);
  if (mask && *mask != 022) entry.request.terms.umask = mask;
  entry.request.command = {"/bin/sh", "-c", script.command};
  entry.original += "\n" + script.command;
}

// atd runs a queue with a nice value of its own: 0 for a, 2 for b.
void use_queue(Entry& entry, char queue) {
  constexpr int kLeastPriority = 19;
  const bool batch = queue == 'b' || (queue >= 'A' && queue <= 'Z');
  const int nice = 2 * (queue >= 'A' && queue <= 'Z' ? queue - 'A' : queue - 'a');
  if (nice > 0) entry.request.terms.nice = std::min(nice, kLeastPriority);
  if (batch) {
    entry.note(std::string("queue ") + queue +
               ": at waits for a low load, too; idle = true would wait until nobody uses the "
               "machine");
  }
}

}  // namespace

std::optional<AtLine> read_at_line(std::string_view line) {
  AtLine read;
  read.number = take_word(line);
  take_word(line);  // The weekday.
  const auto month = std::ranges::find(kMonths, take_word(line));
  const auto day = parse_number<unsigned>(take_word(line));
  const std::string clock(take_word(line));
  const auto year = parse_number<unsigned>(take_word(line));
  const std::string queue(take_word(line));
  read.user = trimmed(line);
  const bool fine = parse_number<unsigned>(read.number) && month != kMonths.end() && day && year &&
                    queue.size() == 1;
  if (!fine) return std::nullopt;
  const auto two = [](unsigned number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  read.time = std::to_string(*year) + '-' +
              two(static_cast<unsigned>(month - kMonths.begin()) + 1) + '-' + two(*day) + ' ' +
              clock;
  read.queue = queue.front();
  return read;
}

Entry read_at_job(std::string_view line, std::string_view script, const Caller& caller,
                  TimePoint now) {
  Entry entry;
  entry.where = "atq";
  entry.original = line;
  const auto read = read_at_line(line);
  if (!read) {
    entry.refuse("that line of atq cannot be read");
    return entry;
  }
  entry.where = "at " + read->number;
  entry.request = imported_request(WorkKind::oneoff, "at");
  entry.request.unique_name = "at-" + read->number;
  if (read->queue == '=') entry.refuse("it is running now");
  const auto time = typed_time(read->time, Direction::future);
  if (!time) {
    entry.refuse(time.error().message);
    return entry;
  }
  entry.request.at = *time;
  if (*time <= now) entry.note("that time has passed: it runs at once");
  if (!is_utf8(script)) {
    entry.refuse("it is not UTF-8");
  } else if (const auto parts = read_script(script)) {
    use_script(entry, *parts);
    entry.request.unique_name += '-' + name_of_command(parts->command);
  } else {
    entry.request.command = {"/bin/sh", "-c", std::string(script)};
    entry.note("at -c prints an unfamiliar script, which is taken as a whole");
  }
  use_queue(entry, read->queue);
  if (!read->user.empty()) run_as(entry, read->user, caller);
  return entry;
}

std::vector<std::string> about_at() {
  return {
      "The jobs of at, as wm import reads them: wm apply FILE registers them.",
      "At still runs them, too. To end that: atrm NUMBER",
      "What is different under wm:",
      "- Nothing is mailed. wm keeps what a run prints: wm logs NAME.",
      "At has kept the variables of whoever called it, and there may be secrets among them: keep",
      "this file to yourself, or remove what a job does not need.",
      "At tries nothing again, which is what max-attempts = 1 says: without that, a run that fails",
      "is tried again after a while.",
  };
}

}  // namespace wm::cli
