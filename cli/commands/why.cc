#include "cli/render/why.h"

#include <memory>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/terminal_text.h"
#include "cli/render/work.h"
#include "core/base64.h"
#include "core/json_fields.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kLastLines = 5;

// A line as a terminal would show it at its end: a carriage return begins it anew, and colours are
// left out.
std::string last_state_of(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  if (const std::size_t anew = line.rfind('\r'); anew != std::string_view::npos) {
    line.remove_prefix(anew + 1);
  }
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line.substr(i).starts_with("\033[")) {
      const std::size_t end = line.find_first_not_of("0123456789;", i + 2);
      if (end != std::string_view::npos && line[end] == 'm') {
        i = end;
        continue;
      }
    }
    text += line[i] == '\t' ? std::string(4, ' ') : std::string(1, line[i]);
  }
  return printable(text.find_first_not_of(' ') == std::string::npos ? "" : text);
}

// The last lines of a log that are not blank, as it arrives.
class Tail {
 public:
  void add(std::string_view bytes) {
    constexpr std::size_t kMost = 16'384;
    text_ += bytes;
    if (text_.size() > 2 * kMost) text_.erase(0, text_.size() - kMost);
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    std::string_view text = text_;
    while (!text.empty() && lines.size() < kLastLines) {
      const std::size_t before = text.rfind('\n');
      const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
      if (std::string line = last_state_of(text.substr(begin)); !line.empty()) {
        lines.insert(lines.begin(), std::move(line));
      }
      text = text.substr(0, before == std::string_view::npos ? 0 : before);
    }
    return lines;
  }

 private:
  std::string text_;
};

// Prints the end of what the last run has said. Without a log there is nothing to print.
void print_last_lines(Session& session, const std::string& name) {
  for (const bool errors : {true, false}) {
    Tail tail;
    auto client = session.connect();
    if (!client) return;
    const auto read = client->stream("Logs", {{"uniqueName", name}, {"stderr", errors}},
                                     [&](const json::object& page) {
                                       for (const json::value& part : array_of(page, "parts")) {
                                         tail.add(decode_base64(text_of(part.as_object(), "data")));
                                       }
                                     });
    const std::vector<std::string> lines = tail.lines();
    if (!read || lines.empty()) continue;
    session.out() << "  " << (errors ? "stderr" : "stdout") << ", last lines:\n";
    for (const std::string& line : lines) {
      const std::size_t width = terminal_width();
      session.out() << "    " << (width > 8 ? cut_to_width(line, width - 4) : line) << '\n';
    }
    session.out() << "  More: " << command_line(errors ? "logs --stderr" : "logs", name) << '\n';
    return;
  }
}

void print(Session& session, const json::object& why, const json::object& work) {
  std::ostream& out = session.out();
  const Style style = session.style();
  const std::string name = text_of(why, "uniqueName");
  out << style.bold(verdict(why, work, now())) << '\n';
  print_facts(out, style, why, work, terminal_width(), now());
  if (const std::string waited = waited_of(why); !waited.empty()) {
    out << "  So far, since it was due: " << printable(waited) << '\n';
  }
  if (is_about_failure(work)) print_last_lines(session, name);
  for (const std::string& step : next_steps(why)) out << "  " << step << '\n';
}

int why(Session& session, const std::string& name) {
  const auto answer = session.ask("Why", {{"uniqueName", name}});
  if (!answer) return session.complain(answer.error());
  const json::object& why = object_of(*answer, "why");
  if (session.json()) {
    session.print(why);
    return kDone;
  }
  const auto shown = session.ask("Show", {{"uniqueName", name}});
  if (!shown) return session.complain(shown.error());
  print(session, why, object_of(*shown, "work"));
  return kDone;
}

}  // namespace

Command::Run set_up_why(CLI::App& app, const CommandLine&) {
  auto name = std::make_shared<std::string>();
  app.add_option("NAME", *name, "The job's unique name")->required()->type_name("");
  app.footer("Example: wm why backup");
  return [name](Session& session) { return why(session, *name); };
}

}  // namespace wm::cli
