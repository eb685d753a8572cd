#include "daemon/tasks.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "daemon/runs/rights.h"

namespace wm {
namespace {

std::string declared_names(const Settings& settings) {
  std::string names;
  for (const auto& [name, task] : settings.tasks) names += (names.empty() ? "" : ", ") + name;
  return names;
}

}  // namespace

Result<std::vector<std::string>> resolve_command(const WorkRequest& request,
                                                 const Settings& settings) {
  if (!request.command.empty()) return request.command;
  const TaskSettings* task = settings.find_task(request.task_name);
  if (!task) {
    const std::string names = declared_names(settings);
    return fail(
        ErrorCode::invalid,
        "unknown task '" + printable(request.task_name) + "': " +
            (names.empty() ? "the configuration declares none; add [tasks." +
                                 printable(request.task_name) + "], or give a command after --"
                           : "declared are " + names));
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
