#include "fleet/agent/node_status.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/read_file.h"
#include "core/json_fields.h"

namespace wm::fleet {

namespace json = boost::json;

json::object to_json(const NodeStatus& status) {
  json::object object{{"node", status.node},         {"pid", ::getpid()},
                      {"database", status.database}, {"daemon", status.daemon},
                      {"since", status.since},       {"claims", status.claims},
                      {"each", status.each},         {"unreported", status.unreported}};
  if (!status.database_problem.empty()) object["databaseProblem"] = status.database_problem;
  if (!status.daemon_problem.empty()) object["daemonProblem"] = status.daemon_problem;
  if (!status.last_report.empty()) object["lastReportAt"] = status.last_report;
  return object;
}

Result<> serve_alone(const std::string& path) {
  const std::string lock = path + ".lock";
  const int file = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) {
    return fail(ErrorCode::failed, "cannot write " + lock + ": " + std::strerror(errno));
  }
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return {};
  ::close(file);
  return fail(ErrorCode::refused, "another agent serves this node: it has locked " + lock);
}

Result<> write_status(const std::string& path, const NodeStatus& status) {
  const std::string part = path + ".part";
  std::ofstream file(part, std::ios::trunc);
  file << json::serialize(to_json(status)) << '\n';
  file.close();
  // Anybody may read it, whatever the service's umask.
  if (!file || ::chmod(part.c_str(), 0644) != 0 || std::rename(part.c_str(), path.c_str()) != 0) {
    return fail(ErrorCode::failed, "cannot write " + path + ": " + std::strerror(errno));
  }
  return {};
}

Result<json::object> read_status(const std::string& path) {
  auto text = read_file(path);
  if (!text) {
    return fail(ErrorCode::unreachable,
                "no agent says how it is in " + path + ": systemctl status wm-fleet");
  }
  boost::system::error_code failed;
  json::value read = json::parse(*text, failed);
  if (failed || !read.is_object()) {
    return fail(ErrorCode::failed, path + " was not written by wm-fleet");
  }
  json::object status = read.as_object();
  const auto pid = static_cast<pid_t>(number_of(status, "pid"));
  status["running"] = pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM);
  return status;
}

}  // namespace wm::fleet
