#include "cli/render/runs.h"

#include <algorithm>
#include <vector>

#include "core/json_fields.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

std::optional<Duration> time_taken(const json::object& run) {
  const bool unseen = text_of(run, "stopReason") == word(StopReason(StopReason::daemon_lost));
  if (unseen || !run.contains("durationMs")) return std::nullopt;
  return Duration{number_of(run, "durationMs")};
}

Duration longest_of(const json::array& runs) {
  Duration longest{};
  for (const json::value& run : runs) {
    longest = std::max(longest, time_taken(run.as_object()).value_or(Duration::zero()));
  }
  return longest;
}

// A short run beside a very long one has a bar, too.
std::string duration_bar(const Style& style, Duration took, Duration longest, std::size_t columns) {
  if (took <= Duration::zero() || longest < took) return "";
  const double part = static_cast<double>(took.count()) / static_cast<double>(longest.count());
  const double length = std::max(part * static_cast<double>(columns) + 0.5, 1.0);
  return style.bar(static_cast<std::size_t>(length), static_cast<std::size_t>(length));
}

void RunTotals::add(const json::array& runs) {
  for (const json::value& value : runs) {
    const json::object& run = value.as_object();
    const auto outcome = parse_word<RunOutcome>(text_of(run, "outcome"));
    ++all_;
    ++(!outcome                             ? running_
       : is_failure(*outcome)               ? failed_
       : outcome == RunOutcome::interrupted ? interrupted_
                                            : succeeded_);
    const auto took = time_taken(run);
    if (took) ++timed_;
    took_ += took.value_or(Duration::zero());
  }
}

std::string RunTotals::text() const {
  std::vector<std::string> parts;
  const auto add = [&](std::size_t number, const char* word) {
    if (number > 0) parts.push_back(std::to_string(number) + " " + word);
  };
  add(succeeded_, "succeeded");
  add(failed_, "failed");
  add(interrupted_, "interrupted");
  add(running_, "running");
  const std::string mean =
      timed_ == 0 ? "" : "; mean " + rough_duration(took_ / static_cast<std::int64_t>(timed_));
  return std::to_string(all_) + (all_ == 1 ? " run: " : " runs: ") + join(parts) + mean;
}

}  // namespace wm::cli
