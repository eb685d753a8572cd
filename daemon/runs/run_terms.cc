#include "daemon/runs/run_terms.h"

#include <algorithm>
#include <cstdlib>

#include <sys/resource.h>
#include <unistd.h>

#include "core/text.h"
#include "daemon/runs/processes.h"

namespace wm {
namespace {

constexpr int kLowestNiceness = 19;

std::string inherited(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

// At most the daemon's own limit, which only root may exceed.
rlim_t within_own(__rlimit_resource resource, rlim_t most) {
  rlimit own{};
  return ::getrlimit(resource, &own) == 0 ? std::min(most, own.rlim_max) : most;
}

// Sets the priorities that the job asked for; long maintenance takes only what nobody else wants.
void set_priorities(const WorkRequest& request, ChildPlan& plan) {
  const bool processing = request.kind == WorkKind::processing;
  const IoClass io_class = request.terms.io_class;
  plan.nice = request.terms.nice;
  if (processing && !plan.nice) plan.nice = kLowestNiceness;
  plan.io_class = processing && io_class == IoClass::inherited ? IoClass::idle : io_class;
}

}  // namespace

Variables variables_of(const Launch& launch, const User& user, const std::string& socket,
                       const RunFiles& files) {
  const WorkInfo& info = launch.info;
  Variables variables{
      {"PATH", inherited("PATH", "/usr/local/bin:/usr/bin:/bin")},
      {"HOME", user.home},
      {"USER", user.name},
      {"LOGNAME", user.name},
      {"SHELL", user.shell},
  };
  for (const auto& [name, value] : launch.env) variables[name] = value;
  variables["WM_TASK_NAME"] = info.request.task_name;
  variables["WM_UNIQUE_NAME"] = info.request.unique_name;
  variables["WM_WORK_ID"] = info.uuid;
  variables["WM_RUN_ATTEMPT"] = std::to_string(info.work.attempts);
  variables["WM_INPUT"] = launch.input;
  variables["WM_OUTPUT_FILE"] = files.output_path(info.uuid);
  variables["WM_STATE_DIR"] = files.state_path(launch.state);
  variables["WM_STOP_REASON_FILE"] = files.stop_reason_path(info.uuid);
  variables["WM_SOCKET"] = socket;
  return variables;
}

std::vector<std::string> environment_of(Variables own, Variables surroundings) {
  own.merge(surroundings);
  own.emplace("LANG", "C.UTF-8");
  std::vector<std::string> list;
  list.reserve(own.size());
  for (const auto& [name, value] : own) list.push_back(name + '=' + value);
  return list;
}

ChildPlan plan_of(const Launch& launch, const User& user, const RunFiles& files) {
  ChildPlan plan;
  plan.arguments = launch.command;
  plan.variables_file = launch.info.request.env_file;
  plan.directory = launch.info.request.cwd;
  if (plan.directory.empty()) {
    plan.directory = user.home;
    plan.directory_note =
        "wm: its home '" + printable(user.home) + "' cannot be entered: it begins in /\n";
  }
  plan.state_directory = files.state_path(launch.state);
  plan.input = launch.input;
  plan.switch_user = user.uid != ::geteuid();
  plan.uid = user.uid;
  plan.gid = user.gid;
  plan.groups = user.groups;
  if (const auto umask = launch.info.request.terms.umask) plan.umask = static_cast<mode_t>(*umask);
  set_priorities(launch.info.request, plan);
  return plan;
}

std::string set_limits(const Bounds& bounds, const std::vector<std::string>& unmet, uid_t uid,
                       ChildPlan& plan) {
  std::string note;
  for (const std::string& bound : unmet) {
    if (bound == "memory-max" && bounds.memory_max) {
      const auto most = static_cast<rlim_t>(*bounds.memory_max);
      plan.bounds.push_back({RLIMIT_DATA, within_own(RLIMIT_DATA, most)});
      add_remark(note,
                 "memory-max bounds each process separately: there is no control group for it");
    } else if (bound == "tasks-max" && bounds.tasks_max && uid != 0) {
      const auto others = static_cast<rlim_t>(count_tasks_of(uid));
      const rlim_t most = static_cast<rlim_t>(*bounds.tasks_max) + others;
      plan.bounds.push_back({RLIMIT_NPROC, within_own(RLIMIT_NPROC, most)});
      add_remark(note, "tasks-max is approximate: there is no control group to count tasks");
    } else {
      add_remark(note, bound + " is not enforced: there is no control group for it");
    }
  }
  return note;
}

void add_remark(std::string& remarks, const std::string& more) {
  if (!more.empty()) remarks += (remarks.empty() ? "" : "; ") + more;
}

}  // namespace wm
