#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/render/table.h"
#include "cli/render/terminal_text.h"
#include "cli/render/work.h"
#include "core/text.h"
#include "core/version.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

json::object finding(std::string_view check, std::string_view verdict, const std::string& text,
                     const std::string& remedy) {
  json::object one{{"check", check}, {"verdict", verdict}, {"text", text}};
  if (!remedy.empty()) one["remedy"] = remedy;
  return one;
}

// Examines the daemon itself, as seen from the client.
json::object look_at_daemon(const json::object& status) {
  const std::string version = text_of(status, "version");
  const std::string text = fmt::format("wmd {}, process {}, {}", version, number_of(status, "pid"),
                                       text_of(status, "socket"));
  if (version == kVersion) return finding("daemon", "ok", text, "");
  return finding("daemon", "note", fmt::format("{}; but this is wm {}", text, kVersion),
                 "wm daemon reexec, which runs the wmd that is installed now");
}

Result<json::array> examine(Session& session) {
  auto client = session.connect();
  if (!client) return std::unexpected(client.error());
  const auto status = client->call("Status", {});
  if (!status) return std::unexpected(status.error());
  const auto found = client->call("Diagnose", {});
  if (!found) return std::unexpected(found.error());
  json::array findings = array_of(*found, "findings");
  findings.insert(findings.begin(), look_at_daemon(*status));
  return findings;
}

int worst_of(const json::array& findings) {
  const auto is_problem = [](const json::value& one) {
    return text_of(one.as_object(), "verdict") == "problem";
  };
  return std::ranges::any_of(findings, is_problem) ? kFailed : kDone;
}

constexpr std::size_t kIndent = 25;  // The column of the finding, after the verdict and the check.

// Breaks lines between words if the terminal is narrower.
std::string in_column(const std::string& text) {
  const std::size_t terminal = terminal_width();
  const std::size_t width = terminal > 2 * kIndent ? terminal - kIndent : std::string::npos;
  std::string lines;
  std::size_t used = 0;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const std::size_t length = display_width(word);
    if (used > 0 && used + 1 + length > width) {
      lines += '\n' + std::string(kIndent, ' ');
      used = 0;
    } else if (used > 0) {
      lines += ' ';
      ++used;
    }
    lines += word;
    used += length;
  }
  return lines;
}

void print(Session& session, const json::array& findings) {
  const Style style = session.style();
  for (const json::value& value : findings) {
    const json::object& one = value.as_object();
    const std::string verdict = printable(text_of(one, "verdict"));
    const std::string padded = fmt::format("{:<9}", verdict);
    session.out() << (verdict == "ok"     ? style.green(padded)
                      : verdict == "note" ? style.yellow(padded)
                                          : style.red(padded))
                  << fmt::format("{:<15} {}", printable(text_of(one, "check")),
                                 in_column(printable(text_of(one, "text"))))
                  << '\n';
    if (const std::string remedy = text_of(one, "remedy"); !remedy.empty()) {
      session.out() << fmt::format("{:{}}{}\n", "", kIndent,
                                   in_column(style.arrow() + " " + printable(remedy)));
    }
  }
}

int doctor(Session& session) {
  auto findings = examine(session);
  const int status = findings ? worst_of(*findings) : exit_status(findings.error().code);
  if (status == kUnreachable) {
    findings = json::array{finding("daemon", "problem", findings.error().message,
                                   "systemctl status wmd; or run wmd --user to see its messages")};
  }
  if (!findings) return session.complain(findings.error());
  if (session.json()) {
    session.print(json::object{{"findings", *findings}});
  } else {
    print(session, *findings);
  }
  return status;
}

}  // namespace

Command::Run set_up_doctor(CLI::App& app, const CommandLine&) {
  app.footer(
      "The exit code is 1 if there is a problem. A note is about something that works,\n"
      "but less well than it could.\n"
      "Example: wm doctor && echo All is well");
  return doctor;
}

}  // namespace wm::cli
