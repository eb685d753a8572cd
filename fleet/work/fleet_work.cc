#include "fleet/work/fleet_work.h"

#include <algorithm>

#include "core/limits.h"
#include "core/request_json.h"
#include "core/schedule.h"
#include "core/text.h"
#include "fleet/work/local_work.h"

namespace wm::fleet {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostInKey = 63;
constexpr std::size_t kMostInValue = 255;

Constraints on_network(NetworkType type) {
  Constraints constraints;
  constraints.network = type;
  return constraints;
}

Constraints with_flag(Constraint flag) {
  Constraints constraints;
  constraints.set(flag);
  return constraints;
}

Result<> is_for_each(std::string_view option, std::string_view instead) {
  return invalid("--" + std::string(option) + " is for --each: " + std::string(instead));
}

// What only a daemon that keeps the work can do.
Result<> validate_movable(const WorkRequest& request) {
  if (!request.prerequisites.empty()) {
    return is_for_each("after", "the other may run on another node; make one command of both");
  }
  if (!request.trigger.paths.empty()) {
    return is_for_each("on-path", "a file is on one node; give --each and a --label of that node");
  }
  if (!request.prefer.empty()) {
    return is_for_each("prefer", "demand it, and give --deadline for when it no longer matters");
  }
  if (request.expedited) {
    return is_for_each("expedited", "its budget is each node's own; give --priority instead");
  }
  if (request.watchdog > Duration::zero()) {
    return is_for_each("watchdog", "a claim is watched by its lease; give --time-limit instead");
  }
  return {};
}

}  // namespace

Result<std::pair<std::string, std::string>> parse_label(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view key = text.substr(0, equals);
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-/").find(c) != std::string_view::npos;
  };
  if (equals == std::string_view::npos || key.empty() || key.size() > kMostInKey ||
      !std::ranges::all_of(key, fits)) {
    return invalid("'" + std::string(text) + "' is no label: write KEY=VALUE, such as site=berlin");
  }
  const std::string_view value = text.substr(equals + 1);
  if (value.size() > kMostInValue || has_control(value) || !is_utf8(value)) {
    return invalid("the label " + std::string(key) + " has a value that is too long, or no text");
  }
  return std::pair{std::string(key), std::string(value)};
}

Result<Labels> parse_labels(const std::vector<std::string>& texts) {
  Labels labels;
  for (const std::string& text : texts) {
    auto label = parse_label(text);
    if (!label) return std::unexpected(label.error());
    if (!labels.insert(*label).second) {
      return invalid("the label " + label->first + " is given twice");
    }
  }
  return labels;
}

json::object to_json(const Labels& labels) {
  json::object object;
  for (const auto& [key, value] : labels) object[key] = value;
  return object;
}

std::string labels_text(const Labels& labels) {
  std::vector<std::string> texts;
  for (const auto& [key, value] : labels) texts.push_back(key + "=" + value);
  return join(texts);
}

Result<> validate(const FleetWork& work) {
  if (work.placement != Placement::each) {
    if (auto movable = validate_movable(work.request); !movable) return movable;
  }
  if (work.count < 1 || work.count > kMostNodes) {
    return invalid("--count must be from 1 to " + std::to_string(kMostNodes));
  }
  if (work.lease < kLeastLease || work.lease > Days{1}) {
    return invalid("--lease must be from " + format_duration(kLeastLease) + " to 1d");
  }
  if (work.request.task_name.empty() && work.request.command.empty()) {
    return invalid("name a task, or give a command after --");
  }
  if (auto named = validate_name("name", work.request.unique_name); !named) return named;
  // A program without a path is looked up on the node.
  WorkRequest there = work.request;
  there.unique_name = local_name(there.unique_name);
  if (!there.command.empty() && there.command.front().find('/') == std::string::npos) {
    there.command.front().insert(0, "/");
  }
  return wm::validate(there, Limits{});
}

const std::vector<Constraints>& simple_constraints() {
  static const std::vector<Constraints> kSimple{
      on_network(NetworkType::connected),     on_network(NetworkType::unmetered),
      on_network(NetworkType::metered),       on_network(NetworkType::not_roaming),
      with_flag(Constraint::charging),        with_flag(Constraint::battery_not_low),
      with_flag(Constraint::storage_not_low), with_flag(Constraint::idle),
  };
  return kSimple;
}

Needs needs_of(const Constraints& constraints) {
  Needs bits = 0;
  for (std::size_t i = 0; i < simple_constraints().size(); ++i) {
    const Constraints& one = simple_constraints()[i];
    const bool named = one.network != NetworkType::not_required
                           ? one.network == constraints.network
                           : (one.flags | constraints.flags) == constraints.flags;
    if (named) bits |= Needs{1} << i;
  }
  if (constraints.has(Constraint::between)) bits |= kJudged;
  return bits;
}

json::object registration(const FleetWork& work, std::string_view existing, bool applied,
                          TimePoint now, const date::time_zone* zone) {
  const Work row = new_work(work.request, now, zone);
  return {{"name", work.request.unique_name},
          {"placement", word(work.placement)},
          {"count", work.count},
          {"labels", to_json(work.labels)},
          {"lease", std::to_string(work.lease.count()) + " ms"},
          {"hold", std::to_string(work.hold.count()) + " ms"},
          {"request", to_json(work.request)},
          {"needs", needs_of(work.request.constraints)},
          {"custom", json::value_from(work.request.constraints.custom)},
          {"priority", work.request.priority},
          {"existing", existing},
          {"applied", applied},
          {"row",
           {{"due", format_time(row.due)},
            {"enqueuedAt", format_time(row.enqueued_at)},
            {"since", format_time(row.since)},
            {"timing", static_cast<int>(row.timing)}}}};
}

}  // namespace wm::fleet
