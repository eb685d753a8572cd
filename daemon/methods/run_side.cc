#include "daemon/methods/run_side.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/messages.h"

namespace wm {

namespace json = boost::json;

namespace {

Result<> check_size(std::string_view what, const std::string& text, const Limits& limits) {
  if (text.size() <= limits.max_data) return {};
  return fail(ErrorCode::invalid, std::string(what) + " of " + std::to_string(text.size()) +
                                      " bytes is over the maximum of " +
                                      std::to_string(limits.max_data) + " (limits.max_data)");
}

}  // namespace

// The run is heard of before the next turn looks at its watchdog.
void RunSide::report(const ExchangePtr& exchange, const std::string& id,
                     std::function<void(WorkId, TimePoint)> body) {
  if (const auto run = manager_.find_run(id, exchange->peer().uid)) manager_.heard(*run);
  pending_.ask(exchange, [this, exchange, id, body = std::move(body)](TimePoint now) {
    const auto work = manager_.find_run(id, exchange->peer().uid);
    if (!work) return exchange->error(work.error());
    body(*work, now);
    exchange->reply({});
  });
}

void RunSide::set_progress(const ExchangePtr& exchange) {
  std::string id;
  RunProgress progress;
  std::optional<json::object> data;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("id", id).read("percent", progress.percent).read("data", data);
      })) {
    return;
  }
  if (data) progress.data = json::serialize(*data);
  if (progress.percent && (*progress.percent < 0 || *progress.percent > 100)) {
    return exchange->error(
        Error{ErrorCode::invalid, "a percentage is a whole number from 0 to 100"});
  }
  if (const auto fits = check_size("progress", progress.data, settings_.limits); !fits) {
    return exchange->error(fits.error());
  }
  report(exchange, id, [this, progress](WorkId work, TimePoint now) {
    manager_.set_progress(work, progress);
    waits_.has_progressed(work);
    watchers_.tell_progress(work, progress, now);
  });
}

void RunSide::set_output(const ExchangePtr& exchange) {
  std::string id;
  json::object output;
  if (!read_parameters(*exchange,
                       [&](JsonReader& reader) { reader.read("id", id).read("output", output); })) {
    return;
  }
  const std::string text = json::serialize(output);
  if (const auto fits = check_size("output", text, settings_.limits); !fits) {
    return exchange->error(fits.error());
  }
  report(exchange, id, [this, text](WorkId work, TimePoint) { manager_.set_output(work, text); });
}

void RunSide::say_alive(const ExchangePtr& exchange) {
  std::string id;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("id", id); })) return;
  report(exchange, id, [](WorkId, TimePoint) {});
}

void RunSide::keep_alive(const ExchangePtr& exchange) {
  std::vector<std::string> names;
  std::optional<std::int64_t> since_boot;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("uniqueNames", names).read("sinceBootMs", since_boot);
      })) {
    return;
  }
  const Duration time = since_boot ? Duration{*since_boot} : Duration::max();
  std::vector<std::pair<std::string, std::vector<WorkId>>> kept;
  for (std::string& name : names) {
    std::vector<WorkId> jobs = kept_alive(exchange->peer().uid, name);
    for (const WorkId id : jobs) manager_.kept_alive(id, time);
    kept.emplace_back(std::move(name), std::move(jobs));
  }
  pending_.ask(exchange, [this, exchange, kept = std::move(kept)](TimePoint) {
    json::array heard;
    json::array not_running;
    for (const auto& [name, jobs] : kept) {
      const bool any = std::ranges::any_of(jobs, [&](WorkId id) { return can_be_kept_alive(id); });
      (any ? heard : not_running).emplace_back(name);
    }
    exchange->reply({{"heard", std::move(heard)}, {"notRunning", std::move(not_running)}});
  });
}

std::vector<WorkId> RunSide::kept_alive(uid_t owner, const std::string& name) const {
  std::vector<WorkId> jobs = store_.record_of(owner, name).unfinished;
  std::erase_if(jobs, [this](WorkId id) { return !can_be_kept_alive(id); });
  return jobs;
}

// A run that goes on, or a job that starts only on its owner's word and may still do so.
bool RunSide::can_be_kept_alive(WorkId id) const {
  const Work* const work = manager_.scheduler().find(id);
  if (!work || is_finished(work->state)) return false;
  if (work->stopping == StopReason::none && work->state == WorkState::running) return true;
  const bool over =
      work->stopping == StopReason::cancelled || work->stopping == StopReason::replaced;
  return work->policy.get().while_kept_alive && !over;
}

}  // namespace wm
