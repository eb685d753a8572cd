#include "daemon/turn/tasks.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/suggest.h"
#include "core/text.h"
#include "daemon/system/rights.h"

namespace wm {
namespace {

// Says what would be right if no task has that name.
std::string way_out(const std::string& name, const Settings& settings) {
  if (settings.tasks.empty()) {
    return ": the configuration declares none; add [tasks." + printable(name) +
           "], or give a command instead";
  }
  std::vector<std::string_view> declared;
  for (const auto& [one, task] : settings.tasks) declared.push_back(one);
  const std::string meant = did_you_mean(name, declared);
  return meant.empty() ? ": the declared ones are " + join(declared) : meant;
}

}  // namespace

Result<std::vector<std::string>> resolve_command(const WorkRequest& request,
                                                 const Settings& settings) {
  if (!request.command.empty()) return request.command;
  const TaskSettings* task = settings.find_task(request.task_name);
  if (!task) {
    return fail(ErrorCode::invalid, "unknown task '" + printable(request.task_name) + "'" +
                                        way_out(request.task_name, settings));
  }
  std::vector<std::string> command = task->command;
  if (task->dispatcher) command.push_back(request.task_name);
  return command;
}

Result<Launch> make_launch(const WorkInfo& info, const Settings& settings) {
  auto command = resolve_command(info.request, settings);
  if (!command) return std::unexpected(command.error());
  Launch launch;
  launch.info = info;
  launch.input = info.request.input;
  launch.command = std::move(*command);
  launch.stop_grace = info.request.stop_grace.value_or(settings.run.stop_grace);
  launch.env = info.request.env;
  const TaskSettings* task = settings.find_task(info.request.task_name);
  if (task && info.request.command.empty()) launch.env.insert(task->env.begin(), task->env.end());
  return launch;
}

Result<> check_executable(const UsersCommand& command) {
  const BorrowedRights rights(command.user);
  if (!rights.problem().empty()) return fail(ErrorCode::invalid, rights.problem());
  const std::string& program = command.words.front();
  struct stat status{};
  if (::stat(program.c_str(), &status) != 0) {
    return fail(ErrorCode::invalid,
                "cannot run '" + printable(program) + "': " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::invalid, "cannot run '" + printable(program) + "': it is not a file");
  }
  if (::faccessat(AT_FDCWD, program.c_str(), X_OK, AT_EACCESS) != 0) {
    return fail(ErrorCode::invalid,
                "cannot run '" + printable(program) + "': it is not executable; try chmod +x");
  }
  return {};
}

}  // namespace wm
