#include "cli/render/job_table.h"

#include <algorithm>
#include <utility>

#include <unistd.h>

#include "cli/render/overview.h"
#include "cli/render/why.h"
#include "cli/render/work.h"
#include "core/json_fields.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kWide = 120;      // The columns of a terminal with room for the commands.
constexpr std::size_t kBar = 7;         // Those of a bar.
constexpr std::size_t kLeastNeed = 16;  // Less of what a job waits for says nothing.

// `▶ name`
std::string painted_name(const Style& style, std::string_view text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  return painted_sign(style, text.substr(0, end)) + std::string(text.substr(end));
}

std::string painted_next(const Style& style, std::string_view text) { return style.state(text); }

std::string painted_last(const Style& style, std::string_view text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view sign = text.substr(0, end);
  const bool interrupted = sign == word(RunOutcome::interrupted);
  return (interrupted ? style.state(sign) : painted_sign(style, sign)) +
         std::string(text.substr(end));
}

bool shows_tasks(const JobTableForm& form) {
  return form.tasks || form.width == 0 || form.width >= kWide;
}

// Without signs the first word is the name, for awk and its like.
std::vector<Table::Column> columns(const JobTableForm& form) {
  std::vector<Table::Column> columns{{form.signs ? "  NAME" : "NAME", nullptr, -1},
                                     {"NEXT", painted_next},
                                     {"WAITS FOR", nullptr, 1},
                                     {"LAST RUN", painted_last, 2}};
  if (form.signs) columns[0].paint = painted_name;
  columns[0].bounded = columns[1].bounded = true;
  columns[0].parts = 4;
  columns[1].parts = 2;
  columns[2].least = kLeastNeed;
  columns[3].least = Table::kWhole;
  if (shows_tasks(form)) columns.push_back({"TASK", nullptr, form.tasks ? 1 : 3});
  return columns;
}

std::string bar_of(const json::object& work, const Style& style) {
  const json::object& progress = object_of(work, "progress");
  if (text_of(work, "state") != word(WorkState::running) || !progress.contains("percent")) {
    return "";
  }
  return " " + style.percent_bar(number_of(progress, "percent"), kBar);
}

}  // namespace

Listing job_table(const Style& style, const JobTableForm& form, TimePoint now) {
  return {columns(form), [=](const json::object& work) {
            const std::string sign = form.signs ? sign_of(work, style) + " " : "";
            const std::string bar = form.signs ? bar_of(work, style) : "";
            std::vector<std::string> cells{sign + text_of(work, "uniqueName"),
                                           next_of(work, now) + bar, needs_of(work),
                                           last_run_of(work, style, now)};
            if (shows_tasks(form)) cells.push_back(task_of(work));
            return cells;
          }};
}

void JobCounts::add(const json::array& works) {
  for (const json::value& value : works) {
    const json::object& work = value.as_object();
    ++states_[text_of(work, "state")];
    others_ |= work.contains("owner") && std::cmp_not_equal(number_of(work, "owner"), ::geteuid());
  }
  all_ += works.size();
}

std::size_t JobCounts::of(std::string_view state) const {
  const auto found = states_.find(state);
  return found == states_.end() ? 0 : found->second;
}

std::string JobCounts::summary(std::size_t width, const std::string& owner) const {
  std::vector<std::string> parts;
  const auto add = [&](std::size_t number, std::string_view name) {
    if (number > 0) parts.push_back(std::to_string(number) + " " + std::string(name));
  };
  add(of(word(WorkState::running)), "running");
  add(of(word(WorkState::enqueued)) + of(word(WorkState::blocked)), "waiting");
  for (const WorkState state : {WorkState::succeeded, WorkState::failed, WorkState::cancelled}) {
    add(of(word(state)), word(state));
  }
  const std::string text =
      std::to_string(all_) + (all_ == 1 ? " job: " : " jobs: ") + join(parts) + ".";
  const std::string with_hint =
      text + "  " + program_for(owner.empty() && others_ ? "USER" : owner) + "why NAME says more.";
  return with_hint.size() <= width ? with_hint : text;
}

}  // namespace wm::cli
