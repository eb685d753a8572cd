// The runner's handover to another program in this process.
#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/json.hpp>

#include "core/messages.h"
#include "daemon/runs/process_runner.h"

namespace wm {

namespace json = boost::json;

bool ProcessRunner::can_hand_over() {
  std::erase_if(beginning_, [](const RunPtr& run) { return run->forget_beginning(); });
  return beginning_.empty() && ending_ == 0 && untidy_.empty();
}

json::array ProcessRunner::hand_over(Handover& handover) {
  preparation_.keep_one_ready(false);
  quiet_ = log_.hold();
  json::array list;
  for (const auto& [pid, run] : runs_) {
    const auto [output, errors] = log_.pipes_of(run->work);
    for (const int pipe : {output, errors}) {
      if (pipe >= 0) handover.keep(pipe);
    }
    json::object one{{"work", run->work},
                     {"run", run->number},
                     {"uniqueName", run->unique_name},
                     {"uuid", run->uuid},
                     {"pid", pid},
                     {"startTicks", run->leader.start_ticks},
                     {"place", run->place.number},
                     {"bounds", to_json(run->bounds)},
                     {"uid", std::int64_t{run->uid}},
                     {"note", run->note},
                     {"stopGraceMs", run->stop_grace.count()},
                     {"killed", run->killed},
                     {"output", output},
                     {"errors", errors}};
    if (run->grace) {
      const auto left = run->grace->expiry() - std::chrono::steady_clock::now();
      one["graceLeftMs"] =
          std::max<std::int64_t>(0, std::chrono::duration_cast<Duration>(left).count());
    }
    list.push_back(std::move(one));
  }
  return list;
}

void ProcessRunner::take_over(const json::array& runs, std::vector<pid_t> strangers) {
  strangers_ = std::move(strangers);
  for (const json::value& value : runs) {
    const json::object& one = value.as_object();
    const auto run = std::make_shared<Run>();
    std::int64_t start_ticks = 0;
    std::int64_t place = 0;
    std::int64_t uid = 0;
    json::object bounds;
    std::optional<Duration> grace;
    JsonReader(one)
        .read("work", run->work)
        .read("run", run->number)
        .read("uniqueName", run->unique_name)
        .read("uuid", run->uuid)
        .read("pid", run->leader.pid)
        .read("startTicks", start_ticks)
        .read("place", place)
        .read("bounds", bounds)
        .read("uid", uid)
        .read("note", run->note)
        .read("stopGraceMs", run->stop_grace)
        .read("killed", run->killed)
        .read("graceLeftMs", grace);
    run->leader.session = run->leader.pid;
    run->leader.start_ticks = static_cast<std::uint64_t>(start_ticks);
    run->bounds = bounds_from_json(bounds);
    run->uid = static_cast<uid_t>(uid);
    run->place = records_.resume(static_cast<std::size_t>(place));
    cgroups_.resume(run->place.number, run->killed);
    log_.resume(
        {run->work, run->number, run->unique_name},
        {UniqueFd(kept_descriptor(one, "output")), UniqueFd(kept_descriptor(one, "errors"))});
    runs_.emplace(run->leader.pid, run);
    pids_[run->work] = run->leader.pid;
    if (grace) wait_for_grace(run, *grace);
  }
  // Some may have ended in between.
  boost::asio::post(loop_, [this] { reap(); });
}

}  // namespace wm
