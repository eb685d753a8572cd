#include <algorithm>
#include <memory>

#include "cli/command.h"
#include "cli/render/local_time.h"
#include "cli/render/terminal_text.h"
#include "cli/render/work.h"
#include "cli/whole_number.h"
#include "core/base64.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct LogsOptions {
  std::string name;
  int run = 0;
  bool errors = false;
  bool times = false;
  bool follow = false;
};

// A JSON document is UTF-8; other bytes are put into it in base64.
void put_bytes(json::object& document, const std::string& bytes) {
  if (is_utf8(bytes)) {
    document["text"] = bytes;
  } else {
    document["base64"] = encode_base64(bytes);
  }
}

// Writes the log as it arrives: as it was printed, with the time before each line, or as JSON.
class LogPrinter {
 public:
  LogPrinter(Session& session, const LogsOptions& options) : session_(session), options_(options) {}

  // Changes the question, so that the next daemon is asked only for the part not printed yet.
  void go_on(json::object& parameters) const {
    if (!heard_) return;
    parameters["run"] = std::max<std::int64_t>(run_, 1);
    parameters["after"] = run_ > 0 ? printed_ : 0;
  }
  bool heard() const { return heard_; }

  void print(const json::object& page) {
    heard_ = true;
    begin_run(number_of(page, "run"));
    printed_ = number_of(page, "printed");
    note_removed(page.contains("removed"));
    note_dropped(number_of(page, "dropped"));
    note_missing(number_of(page, "missing"));
    for (const json::value& value : array_of(page, "parts")) {
      const json::object& part = value.as_object();
      print(decode_base64(text_of(part, "data")), text_of(part, "time"));
    }
    session_.out().flush();
  }

  // Writes what is left over, or the document of a log that is not followed.
  void finish() {
    if (!session_.json()) write(terminal_text_.finish());
    if (!session_.json() || options_.follow) return;
    json::object document = head();
    put_bytes(document, all_);
    if (removed_) document["removed"] = true;
    if (dropped_ > 0) document["droppedBytes"] = dropped_;
    if (missing_ > 0) document["missingBytes"] = missing_;
    session_.print(document);
  }

 private:
  json::object head() const {
    return {{"uniqueName", options_.name},
            {"run", run_},
            {"stream", options_.errors ? "stderr" : "stdout"}};
  }

  void begin_run(std::int64_t run) {
    if (run == run_ || run == 0) return;
    if (std::exchange(run_, run) != 0 && !session_.json()) {
      session_.hint("run " + std::to_string(run) + ":");
    }
    at_line_start_ = true;
    dropped_ = 0;
    removed_ = false;
  }

  void note_removed(bool removed) {
    if (std::exchange(removed_, removed) || !removed || session_.json()) return;
    session_.hint("the log of run " + std::to_string(run_) +
                  " was removed to make room for newer ones (limits.max_log_space)");
  }

  void note_dropped(std::int64_t dropped) {
    if (dropped <= dropped_) return;
    dropped_ = dropped;
    if (session_.json()) return;
    end_line();
    session_.hint("the oldest " + std::to_string(dropped) +
                  " bytes of this log were dropped (history.max_log_bytes)");
  }

  // Ends the line before a gap: the text after it does not continue this line.
  void end_line() {
    write(terminal_text_.finish());
    if (!std::exchange(at_line_start_, true)) session_.out() << '\n';
    session_.out().flush();
  }

  void note_missing(std::int64_t missing) {
    if (missing == 0) return;
    missing_ += missing;
    if (!session_.json()) {
      end_line();
      return session_.hint(std::to_string(missing) +
                           " bytes are missing here: there was no space for them");
    }
    if (!options_.follow) return;
    json::object document = head();
    document["missingBytes"] = missing;
    session_.print(document);
  }

  void print(const std::string& bytes, const std::string& time) {
    if (session_.json() && !options_.follow) {
      all_ += bytes;
    } else if (session_.json()) {
      json::object document = head();
      document["time"] = time;
      put_bytes(document, bytes);
      session_.print(document);
    } else {
      time_ = time;
      write(session_.to_terminal() ? terminal_text_.take(bytes) : bytes);
    }
  }

  void write(const std::string& bytes) {
    if (options_.times) {
      print_lines(bytes, local_time(parse_time(time_).value_or(now())));
    } else {
      session_.out() << bytes;
      if (!bytes.empty()) at_line_start_ = bytes.back() == '\n';
    }
  }

  void print_lines(std::string_view bytes, const std::string& time) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::size_t length = end == std::string_view::npos ? bytes.size() : end + 1;
      if (at_line_start_) session_.out() << time << "  ";
      session_.out() << bytes.substr(0, length);
      at_line_start_ = end != std::string_view::npos;
      bytes.remove_prefix(length);
    }
  }

  Session& session_;
  const LogsOptions& options_;
  bool heard_ = false;
  std::int64_t run_ = 0;
  std::int64_t printed_ = 0;  // Bytes of that run so far, on both streams.
  bool removed_ = false;
  std::int64_t dropped_ = 0;
  std::int64_t missing_ = 0;
  std::string all_;
  TerminalText terminal_text_;
  std::string time_;  // The time of the last text.
  bool at_line_start_ = true;
};

int logs(Session& session, const LogsOptions& options) {
  LogPrinter printer(session, options);
  const auto read_from = [&](Client& client) {
    json::object parameters{{"uniqueName", options.name}, {"stderr", options.errors}};
    if (options.run > 0) parameters["run"] = options.run;
    if (options.follow) parameters["follow"] = true;
    printer.go_on(parameters);
    return client.stream("Logs", std::move(parameters),
                         [&](const json::object& page) { printer.print(page); });
  };
  auto done = session.ask_on(read_from);
  // It has ended, and been forgotten, while no daemon was there.
  if (!done && done.error().code == ErrorCode::not_found && printer.heard()) done = {};
  if (!done) return session.complain(done.error());
  printer.finish();
  return kDone;
}

}  // namespace

Command::Run set_up_logs(CLI::App& app, const CommandLine&) {
  auto options = std::make_shared<LogsOptions>();
  app.add_option("NAME", options->name, "The job's unique name")->required()->type_name("");
  app.add_option("--run", options->run, "This run, by its number in wm history (the newest)")
      ->type_name("N")
      ->check(whole_number(1));
  app.add_flag("--stderr", options->errors, "Its standard error instead of its standard output");
  app.add_flag("--times", options->times, "Print the time before each line");
  app.add_flag("--follow,-f", options->follow, "Go on with new output, and with later runs");
  app.footer(
      "Example: wm logs oneoff-sync-001\n         wm logs oneoff-sync-001 --run 2 --stderr\n"
      "         wm logs backup --follow --times");
  return [options](Session& session) { return logs(session, *options); };
}

}  // namespace wm::cli
