#include "cli/log_printer.h"

#include <algorithm>
#include <utility>

#include <unistd.h>

#include "cli/render/facts.h"
#include "cli/render/local_time.h"
#include "cli/render/runs.h"
#include "cli/render/table.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

// `backup, run 3: failed (exit 1), yesterday 03:12, took 4m`
std::string title_of(const json::object& record) {
  const auto started = time_of(record, "startedAt");
  const std::string outcome = text_of(record, "outcome");
  const std::string when = started ? day_and_minute(*started, now()) : "";
  const std::string title =
      text_of(record, "uniqueName") + ", run " + std::to_string(number_of(record, "run")) + ": ";
  if (outcome.empty()) return title + "running since " + when;
  const std::string cause = cause_of(record);
  const auto took = time_taken(record);
  return title + outcome + (cause.empty() ? "" : " (" + cause + ")") + ", " + when +
         (took ? ", took " + rough_duration(*took) : "");
}

}  // namespace

LogPrinter::LogPrinter(Session& session, LogForm form) : session_(session), form_(std::move(form)) {
  stream_of(false).terminal = session_.to_terminal();
  stream_of(true).terminal = ::isatty(STDERR_FILENO) != 0;
  if (form_.lines > 0) held_.emplace(static_cast<std::size_t>(form_.lines));
}

void LogPrinter::go_on(json::object& parameters) const {
  if (!heard_) return;
  parameters["run"] = std::max<std::int64_t>(run_, 1);
  parameters["after"] = run_ > 0 ? printed_ : 0;
}

void LogPrinter::print(const json::object& page) {
  heard_ = true;
  begin_run(page);
  printed_ = number_of(page, "printed");
  note_removed(page.contains("removed"));
  note_dropped(number_of(page, "dropped"));
  note_missing(number_of(page, "missing"));
  for (const LogText& text : parts_of(page)) {
    if (held_) {
      held_->add(text);
    } else {
      print(text);
    }
  }
  if (page.contains("caughtUp")) print_held();
  session_.flush();
}

void LogPrinter::finish() {
  print_held();
  if (!session_.json()) {
    for (const bool errors : {false, true}) write(errors, stream_of(errors).text.finish());
  }
  if (!session_.json() || form_.follow) return;
  json::object document = head();
  put_bytes(document, all_);
  if (removed_) document["removed"] = true;
  if (dropped_ > 0) document["droppedBytes"] = dropped_;
  if (missing_ > 0) document["missingBytes"] = missing_;
  session_.print(document);
}

json::object LogPrinter::head() const {
  return {{"uniqueName", form_.name}, {"run", run_}, {"stream", form_.stream}};
}

void LogPrinter::begin_run(const json::object& page) {
  const std::int64_t run = number_of(page, "run");
  const bool silent = page.contains("silent");
  if ((run == run_ && !silent) || run == 0) return;
  const bool another = std::exchange(run_, run) != 0;
  dropped_ = 0;
  removed_ = false;
  if (another) end_lines();
  if (session_.json() || !(another || silent || stream_of(false).terminal)) return;
  session_.flush();  // If there is a pager, it has begun: the title belongs there.
  const std::string title = "wm: " + title_of(object_of(page, "record"));
  for (const std::string& line : wrapped(title, terminal_width(STDERR_FILENO))) {
    session_.err() << line << '\n';
  }
}

void LogPrinter::note_removed(bool removed) {
  if (std::exchange(removed_, removed) || !removed || session_.json()) return;
  session_.hint("the log of run " + std::to_string(run_) +
                " was removed to make room for newer ones (limits.max_log_space)");
}

void LogPrinter::note_dropped(std::int64_t dropped) {
  if (dropped <= dropped_) return;
  dropped_ = dropped;
  if (session_.json()) return;
  end_lines();
  session_.hint("the oldest " + std::to_string(dropped) +
                " bytes of this log were dropped (history.max_log_bytes)");
}

void LogPrinter::note_missing(std::int64_t missing) {
  if (missing == 0) return;
  missing_ += missing;
  if (!session_.json()) {
    end_lines();
    return session_.hint(std::to_string(missing) +
                         " bytes are missing here: there was no space for them");
  }
  if (!form_.follow) return;
  json::object document = head();
  document["missingBytes"] = missing;
  session_.print(document);
}

void LogPrinter::print_held() {
  if (!held_) return;
  for (const LogText& line : held_->take()) print(line);
  held_.reset();
}

void LogPrinter::print(const LogText& text) {
  if (session_.json() && !form_.follow) {
    all_ += text.bytes;
  } else if (session_.json()) {
    json::object document = head();
    document["stream"] = text.errors ? "stderr" : "stdout";
    document["time"] = text.time;
    put_bytes(document, text.bytes);
    session_.print(document);
  } else {
    Stream& stream = stream_of(text.errors);
    stream.time = text.time;
    write(text.errors, stream.terminal ? stream.text.take(text.bytes) : text.bytes);
  }
}

void LogPrinter::flush(bool errors) {
  if (!out(errors).flush()) throw OutputLost();
}

// Both streams may be one terminal or one file: what is printed on one is there before the other
// goes on.
void LogPrinter::write(bool errors, const std::string& text) {
  if (text.empty()) return;
  Stream& stream = stream_of(errors);
  const Style style = session_.error_style();
  const std::string time =
      form_.times ? local_time(parse_time(stream.time).value_or(now())) + "  " : "";
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view piece =
        time.empty() ? rest : rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
    if (stream.at_line_start) out(errors) << time;
    out(errors) << (errors ? style.yellow(piece) : std::string(piece));
    stream.at_line_start = piece.back() == '\n';
    rest.remove_prefix(piece.size());
  }
  flush(errors);
}

// Ends the lines before a gap: the text after it does not continue them.
void LogPrinter::end_lines() {
  for (const bool errors : {false, true}) {
    write(errors, stream_of(errors).text.finish());
    if (!std::exchange(stream_of(errors).at_line_start, true)) out(errors) << '\n';
    flush(errors);
  }
}

}  // namespace wm::cli
