// The runs of a turn: how they start, and what their ends mean.
#include <spdlog/spdlog.h>

#include "core/check.h"
#include "core/json_reader.h"
#include "core/merge.h"
#include "core/text.h"
#include "daemon/system/users.h"
#include "daemon/turn/tasks.h"
#include "daemon/turn/work_manager.h"

namespace wm {

namespace json = boost::json;

EndedRun WorkManager::record_end(const FinishedRun& run, TimePoint now) {
  const Work* work = &checked(scheduler_.find(run.work), "a run that has ended is of known work");
  const int attempt = work->attempts;
  const Duration length = scheduler_.run_time(*work, now);
  RunInfo ended;
  ended.work = run.work;
  ended.run = work->runs;
  ended.finished_at = now;
  ended.length = length;
  ended.max_rss_kb = run.max_rss_kb;
  ended.user_time = run.user_time;
  ended.system_time = run.system_time;
  ended.read_kb = run.read_kb;
  ended.written_kb = run.written_kb;
  ended.result = scheduler_.run_ended(run.work, run.end, children_[run.work].exit_rules, now);
  if (ended.result->outcome == RunOutcome::succeeded) take_output(run, *ended.result);
  if (const auto& progress = children_[run.work].progress; progress && !is_finished(work->state)) {
    store_.save_progress(run.work, *progress);
  }
  store_.end_run(ended);
  if (run.end.how == ChildEnd::How::lost) {
    store_.save_log_size(run.work, ended.run, runner_.log_size(run.work, ended.run));
  }
  const int most = settings_.history.max_runs;
  if (ended.run > most) retention_.forget(store_.forget_runs(run.work, ended.run, most));
  return {run.work, ended.run, attempt, length, *ended.result};
}

// A successful run may leave an object behind; anything else is reported and dropped.
void WorkManager::take_output(const FinishedRun& run, RunResult& result) {
  const std::string& text = run.output.empty() ? children_[run.work].output : run.output;
  if (text.empty()) return;
  if (text.size() > settings_.limits.max_data) {
    result.reason = "its output is over the maximum of " +
                    std::to_string(settings_.limits.max_data) + " bytes (limits.max_data)";
    return;
  }
  const auto output = parse_object("its output", text);
  if (!output) {
    result.reason = output.error().message;
  } else {
    store_.save_output(run.work, boost::json::serialize(*output));
  }
}

void WorkManager::start(WorkId id) {
  std::optional<ChildEnd> failure;
  try {
    const WorkInfo info = store_.recorded(id);
    RunningChild& child = children_[id] = {};
    child.exit_rules = info.request.exit_rules;
    if (child.exit_rules.fail_on.none()) child.exit_rules.fail_on = settings_.retry.fail_on;
    child.uuid = info.uuid;
    const std::string& as = info.request.terms.as;
    child.user = as.empty() ? info.work.owner : find_user(as).value_or(User{}).uid;
    failure = launch(info);
  } catch (const std::exception& e) {
    failure = ChildEnd{ChildEnd::How::no_room, 0, e.what()};
  }
  if (failure) finished_.push_back({.work = id, .end = std::move(*failure)});
}

std::optional<ChildEnd> WorkManager::launch(const WorkInfo& info) {
  const auto cannot = [](const Error& error) {
    return ChildEnd{ChildEnd::How::not_started, 0, error.message};
  };
  auto launch = make_launch(info, settings_);
  if (!launch) return cannot(launch.error());
  const auto state = store_.find_state(info.work.owner, info.request.unique_name);
  if (!state) throw StoreError("the record of its state directory is missing");
  launch->state = *state;
  const auto outputs = store_.outputs_of_prerequisites(info.work.id);
  if (outputs.empty()) {
    runner_.start(*launch);
    return std::nullopt;
  }
  auto input = merge_inputs(info.request.merge, info.request.input, outputs);
  if (!input) return cannot(input.error());
  if (input->size() > settings_.limits.max_data) {
    return cannot({ErrorCode::invalid,
                   "its input with the outputs of its prerequisites is over the maximum of " +
                       std::to_string(settings_.limits.max_data) + " bytes (limits.max_data)"});
  }
  launch->input = std::move(*input);
  runner_.start(*launch);
  return std::nullopt;
}

}  // namespace wm
