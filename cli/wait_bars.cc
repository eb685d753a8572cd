#include "cli/wait_bars.h"

#include <algorithm>

#include <unistd.h>

#include "cli/render/local_time.h"
#include "cli/render/screen.h"
#include "cli/render/table.h"
#include "cli/render/terminal_text.h"
#include "cli/render/why.h"
#include "cli/render/work.h"
#include "core/json_fields.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kBar = 20;
constexpr std::chrono::milliseconds kQuick{100};   // Between two reports of progress.
constexpr std::chrono::milliseconds kPause{1000};  // Between two questions to the daemon.

}  // namespace

WaitBars::WaitBars(Session& session, bool shown)
    : session_(session), shown_(shown), lines_(session.err()) {}

std::vector<std::string> WaitBars::on_screen() const {
  const std::size_t rows = std::max<std::size_t>(terminal_rows(STDERR_FILENO), 3);
  const bool all = names_.size() < rows;
  const std::size_t most = all ? names_.size() : rows - 2;
  return {names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(most)};
}

void WaitBars::take_progress(const std::string& name, const json::object& progress) {
  if (!shown_) return;
  json::object& work = works_[name];
  work["uniqueName"] = name;
  work["state"] = word(WorkState::running);
  work["progress"] = progress;
  if (Clock::now() >= drawn_ + kQuick) draw();
}

void WaitBars::note_change() {
  changed_ = true;
  draw_in_time();
}

void WaitBars::draw_in_time() {
  if (!shown_) return;
  if (changed_ && Clock::now() >= asked_ + kPause) ask();
  draw();
}

void WaitBars::ask() {
  changed_ = false;
  auto client = session_.connect();
  for (const std::string& name : on_screen()) {
    if (!client) break;
    const auto answer = client->call("Show", {{"uniqueName", name}});
    if (answer) works_[name] = object_of(*answer, "work");
    if (!answer && answer.error().code != ErrorCode::not_found) break;
  }
  asked_ = Clock::now();
}

// Lines that are as wide as the terminal would take two rows on some.
void WaitBars::draw() {
  drawn_ = Clock::now();
  const std::vector<std::string> shown = on_screen();
  std::size_t width = 0;
  for (const std::string& name : shown) width = std::max(width, display_width(printable(name)));
  const std::size_t columns = std::max<std::size_t>(terminal_width(STDERR_FILENO), 20) - 1;
  const Style style = session_.style();
  std::vector<std::string> lines;
  for (const std::string& name : shown) {
    if (!works_.contains(name)) continue;
    lines.push_back(
        cut_to_width(line_of(name, std::min(width, columns / 3)), columns, style.dots()));
  }
  if (shown.size() < names_.size()) {
    lines.push_back(style.dots() + " " + std::to_string(names_.size() - shown.size()) + " more");
  }
  lines_.draw(lines);
}

// `long  ███▁▁▁ 30 %`, `poll  waits for an unmetered network`
std::string WaitBars::line_of(const std::string& name, std::size_t width) const {
  const Style style = session_.style();
  const json::object& work = works_.at(name);
  std::string line = cut_to_width(printable(name), width, style.dots());
  line += std::string(width - std::min(width, display_width(line)) + 2, ' ');
  const json::object& progress = object_of(work, "progress");
  if (text_of(work, "state") != word(WorkState::running) || !progress.contains("percent")) {
    return line + what_it_does(work, work, now());
  }
  const std::int64_t percent = number_of(progress, "percent");
  return line + style.percent_bar(percent, kBar) + " " +
         join(std::vector{std::to_string(percent) + " %", time_so_far(work, now())});
}

}  // namespace wm::cli
