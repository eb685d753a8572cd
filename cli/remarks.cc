#include "cli/remarks.h"

#include <fmt/format.h>

#include "cli/render/local_time.h"
#include "cli/render/why.h"
#include "cli/render/work.h"
#include "core/json_fields.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

std::string pause_of_all(const json::object& status, TimePoint now, bool rules) {
  for (const json::value& pause : array_of(status, "paused")) {
    if (!text_of(pause.as_object(), "group").empty()) continue;
    const auto until = time_of(pause.as_object(), "until");
    const std::string end = until ? fmt::format(" until {} ({})", day_and_minute(*until, now),
                                                relative_time(*until, now))
                                  : "";
    return "everything is paused" + end + (rules ? ": wm resume" : ": root may wm resume");
  }
  return "";
}

std::optional<TimePoint> end_of_pause(const json::object& status) {
  for (const json::value& pause : array_of(status, "paused")) {
    if (text_of(pause.as_object(), "group").empty()) return time_of(pause.as_object(), "until");
  }
  return std::nullopt;
}

std::string recent_failures(Session& session) {
  constexpr std::size_t kMost = 100;
  const auto since = typed_time("yesterday", Direction::past);
  if (!since) return "";
  const auto answer =
      session.ask("History", {{"failed", true}, {"since", format_time(*since)}, {"limit", kMost}});
  if (!answer) return "";
  const std::size_t count = array_of(*answer, "runs").size();
  if (count == 0) return "";
  return fmt::format("{}{} since yesterday: {}history --failed --since yesterday", count,
                     count == 1      ? " failed run"
                     : count < kMost ? " failed runs"
                                     : " failed runs or more",
                     program_for(session.owner()));
}

std::vector<std::string> remarks(Session& session) {
  std::vector<std::string> list;
  const auto status = session.ask("Status", {});
  if (status) list.push_back(pause_of_all(*status, now(), session.rules()));
  list.push_back(recent_failures(session));
  std::erase(list, "");
  return list;
}

}  // namespace wm::cli
