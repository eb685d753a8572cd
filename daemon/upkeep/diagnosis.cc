#include "daemon/upkeep/diagnosis.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <linux/magic.h>
#include <spdlog/fmt/fmt.h>
#include <sys/statfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "core/condition_id.h"
#include "core/json_fields.h"
#include "core/size.h"
#include "core/text.h"
#include "daemon/system/users.h"
#include "daemon/turn/admission.h"
#include "daemon/turn/log_space.h"
#include "daemon/turn/tasks.h"

namespace wm {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

using Findings = std::vector<Finding>;

constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;
constexpr std::int64_t kScarce = 64 * kMebibyte;  // The queue may soon not be saved any more.

constexpr double kNearBound = 0.75;

bool has_systemd() { return ::access("/run/systemd/system", F_OK) == 0; }

// `reload` or `restart`.
std::string systemctl(const DaemonFacts& facts, std::string_view what) {
  if (!has_systemd()) {
    return what == "reload" ? fmt::format("kill -HUP {}", ::getpid()) : "restart wmd";
  }
  return fmt::format("systemctl {}{} wmd", facts.system ? "" : "--user ", what);
}

Finding look_at_configuration(const DaemonFacts& facts) {
  if (!facts.reload_problem.empty()) {
    return {"configuration", Verdict::problem,
            "the last reload was refused, and the previous settings are in force: " +
                facts.reload_problem,
            "correct the file, then " + systemctl(facts, "reload")};
  }
  std::vector<std::string> files;
  for (const fs::path& file : facts.configuration) files.push_back(file.string());
  return {"configuration", Verdict::ok,
          files.empty() ? "the defaults: there is no file" : join(files), ""};
}

Finding look_at_permission(const Settings& settings, uid_t asker) {
  if (!may_register(settings.permissions, asker)) {
    return {"permission", Verdict::problem, "you may not register jobs here",
            "ask the administrator, who sets policy.allow_users and policy.allow_groups"};
  }
  if (!settings.permissions.allows_commands()) {
    return {"permission", Verdict::note,
            "you may register declared tasks (wm tasks), but no commands of your own",
            "policy.allow_commands = true allows them"};
  }
  return {"permission", Verdict::ok, "you may register jobs", ""};
}

void look_at_tasks(const Settings& settings, const std::vector<DeclaredCommand>& commands,
                   Findings& findings) {
  const std::size_t before = findings.size();
  for (const DeclaredCommand& one : commands) {
    if (one.executable) continue;
    findings.push_back({one.check, Verdict::problem, one.executable.error().message,
                        "install that program, or correct " + one.key});
  }
  if (findings.size() > before || settings.tasks.empty()) return;
  findings.push_back({"tasks", Verdict::ok,
                      fmt::format("{} declared, and their programs exist", settings.tasks.size()),
                      ""});
}

Finding look_at_disk(const DaemonFacts& facts) {
  const std::string directory = facts.state_directory.string();
  if (!facts.misplaced.empty()) {
    return {"disk", Verdict::problem, facts.misplaced + ": nothing can be saved",
            "put that file back, or start with the present files: " + systemctl(facts, "restart")};
  }
  if (!facts.turn_problem.empty()) {
    return {"disk", Verdict::problem,
            "the last decisions cannot be saved in " + directory + ": " + facts.turn_problem,
            "free some space there; wmd's log says more"};
  }
  struct statfs status{};
  if (::statfs(directory.c_str(), &status) != 0) {
    return {"disk", Verdict::problem, "cannot look at " + directory + ": " + std::strerror(errno),
            "make it readable for wmd's user"};
  }
  const auto free = static_cast<std::int64_t>(status.f_bavail) * status.f_bsize;
  const std::string text =
      fmt::format("{}, {} free", directory, format_size(free - free % kMebibyte));
  switch (static_cast<unsigned>(status.f_type)) {
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
      return {"disk", Verdict::problem, text + ", in memory: nothing there survives a reboot",
              "keep the state on a disk: wmd --state-dir"};
    case NFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
      return {"disk", Verdict::note, text + ", over the network: locks and speed are the server's",
              "keep the state on a disk of this machine: wmd --state-dir"};
    default:
      break;
  }
  if (free < kScarce) {
    return {"disk", Verdict::problem, text + ": soon nothing can be saved",
            "free some space there"};
  }
  return {"disk", Verdict::ok, text, ""};
}

Finding look_at_leftovers(const SweptLeftovers& swept) {
  const auto counted = [](int count, const char* one, const char* many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
  };
  const std::string removed =
      fmt::format("{}, {} and {}", counted(swept.logs, "log", "logs"),
                  counted(swept.outputs, "output", "outputs"),
                  counted(swept.state_directories, "state directory", "state directories"));
  if (!swept.problem.empty()) {
    return {"leftovers", Verdict::note,
            removed + " without a record were removed, but not all: " + swept.problem,
            "remove it by hand, or restart wmd, which tries again"};
  }
  if (!swept.over) {
    return {"leftovers", Verdict::ok,
            removed + " without a record were removed so far; the search goes on", ""};
  }
  if (swept.logs + swept.outputs + swept.state_directories == 0) {
    return {"leftovers", Verdict::ok, "none at the start: every file had a record", ""};
  }
  return {"leftovers", Verdict::ok, removed + " without a record at the start: removed", ""};
}

Finding look_at_condition(const json::object& condition) {
  const std::string name = text_of(condition, "name");
  const std::string value = text_of(condition, "value");
  const std::string detail = text_of(condition, "detail");
  if (condition.at("overridden").as_bool()) {
    return {name, Verdict::note, value + ", set by wm conditions override", "wm conditions clear"};
  }
  const std::string source = text_of(condition, "source") + (detail.empty() ? "" : ": " + detail);
  if (!value.empty()) return {name, Verdict::ok, value + ", from " + source, ""};
  const auto id = parse_condition(name);
  return {name, Verdict::note, "unknown (" + source + ")",
          std::string(id ? def_of(id->constraint).remedy : "")};
}

Finding look_at_bus(const DaemonFacts& facts) {
  if (facts.has_bus) return {"bus", Verdict::ok, "connected to the system's D-Bus", ""};
  return {"bus", Verdict::note, "there is no system D-Bus: conditions come only from the kernel",
          "install dbus, and network-manager, upower and systemd-logind as needed"};
}

// The share of its bound that a user takes: 1 is all of it.
double share_of(const ClientBounds& bounds, uid_t user) {
  const ClientUse use = bounds.of(user);
  const auto part = [](std::size_t used, std::size_t most) {
    return static_cast<double>(used) / static_cast<double>(most);
  };
  return std::max(part(use.connections, bounds.most_connections(user)),
                  part(use.unread, bounds.most_unread(user)));
}

std::string name_of_user(uid_t uid) {
  const auto user = find_user(uid);
  return user ? user->name : fmt::format("user {}", uid);
}

// Root and wmd's own user see the user who takes most; others see themselves.
Finding look_at_clients(const ClientBounds& bounds, uid_t asker) {
  uid_t user = asker;
  if (asker == 0 || asker == ::geteuid()) {
    for (const auto& [other, use] : bounds.users()) {
      if (share_of(bounds, other) > share_of(bounds, user)) user = other;
    }
  }
  const ClientUse use = bounds.of(user);
  const std::string text = fmt::format(
      "{} has {} of at most {} connections, and has not read {} of at most {} of answers",
      name_of_user(user), use.connections, bounds.most_connections(user),
      format_size(static_cast<std::int64_t>(use.unread)),
      format_size(static_cast<std::int64_t>(bounds.most_unread(user))));
  if (share_of(bounds, user) < kNearBound) return {"clients", Verdict::ok, text, ""};
  return {
      "clients", Verdict::note, text + ": further calls wait, or are refused",
      "end the clients that do not read, or raise limits.max_connections and limits.max_unread"};
}

std::string rough_size(std::int64_t bytes) { return format_size(bytes - bytes % kMebibyte); }

// Reports the disk use of the user who keeps most, or of the one who asks; logs make room by
// themselves.
Finding look_at_kept(const DaemonFacts& facts, const KeepLimits& limits, uid_t asker) {
  OwnerUse most{asker};
  std::int64_t logs = 0;
  const bool rules = asker == 0 || asker == ::geteuid();
  for (const OwnerUse& use : facts.uses) {
    logs += use.log_bytes;
    const bool fuller = use.work_bytes + use.log_bytes > most.work_bytes + most.log_bytes;
    if (use.owner == asker ? !rules || fuller : rules && fuller) most = use;
  }
  const std::string text = fmt::format(
      "{}: jobs {} (at most {}), logs {} (at most {}); all users: logs {} (at most {})",
      name_of_user(most.owner), rough_size(most.work_bytes), format_size(limits.max_work_space),
      rough_size(most.log_bytes), format_size(limits.max_log_space), rough_size(logs),
      rough_size(most_log_bytes(limits, facts.log_disk, logs)));
  const auto near = [](std::int64_t used, std::int64_t bound) {
    return static_cast<double>(used) >= kNearBound * static_cast<double>(bound);
  };
  if (!near(most.work_bytes, limits.max_work_space)) return {"kept", Verdict::ok, text, ""};
  return {"kept", Verdict::note, text + ": soon no jobs can be registered",
          "wm prune, which forgets finished jobs, or raise limits.max_work_space"};
}

Finding look_at_cgroups(const DaemonFacts& facts) {
  if (!facts.has_cgroups) {
    return {"control groups", Verdict::note,
            "none: --memory-max, --cpu-weight and --tasks-max are only resource limits per process",
            has_systemd() ? "let systemd start wmd, whose unit says Delegate=yes"
                          : "let wmd write to its control group, in which nothing else runs"};
  }
  if (facts.controllers.empty()) {
    return {"control groups", Verdict::note,
            "one per run, but without controllers of memory, cpu or pids",
            has_systemd() ? "boot with the unified hierarchy: systemd.unified_cgroup_hierarchy=1"
                          : "enable them in cgroup.subtree_control"};
  }
  return {"control groups", Verdict::ok,
          fmt::format("one per run, with {}", fmt::join(facts.controllers, ", ")), ""};
}

Finding look_at_clock(const DaemonFacts& facts) {
  if (!facts.zone_problem.empty()) {
    return {"clock", Verdict::note, facts.zone_problem + ": calendars use UTC",
            "set TZ to a name such as Europe/Berlin; or install tzdata, and use timedatectl "
            "set-timezone"};
  }
  timex clock{};
  const bool synchronized = ::adjtimex(&clock) >= 0 && (clock.status & STA_UNSYNC) == 0;
  if (!synchronized) {
    return {"clock", Verdict::note, "nothing synchronizes it",
            has_systemd() ? "timedatectl set-ntp true" : "let chrony or another NTP client set it"};
  }
  return {"clock", Verdict::ok, "synchronized, and the time zone is known", ""};
}

Finding look_at_paths(const DaemonFacts& facts, const Settings& settings) {
  const auto& [watched, owner, most, unwatched] = facts.paths;
  if (!unwatched.empty()) {
    return {"watched paths", Verdict::problem,
            "some are looked at only once a minute: " + unwatched,
            "raise the limit in sysctl fs.inotify or wmd.toml, then " + systemctl(facts, "reload")};
  }
  if (watched == 0) return {"watched paths", Verdict::ok, "none", ""};
  return {"watched paths", Verdict::ok,
          fmt::format("{} directories; user {} has {} of at most {}", watched, owner, most,
                      settings.limits.max_watches),
          ""};
}

void look_at_lingering(const DaemonFacts& facts, Findings& findings) {
  if (facts.system || !has_systemd()) return;
  const auto user = find_user(::geteuid());
  if (!user) return;
  const std::string file = "/var/lib/systemd/linger/" + user->name;
  if (::access(file.c_str(), F_OK) == 0) {
    findings.push_back({"linger", Verdict::ok, "this daemon goes on after you log out", ""});
  } else {
    findings.push_back({"linger", Verdict::note, "this daemon may end when you log out",
                        "loginctl enable-linger " + user->name});
  }
}

void look_at_pauses(const DaemonFacts& facts, Findings& findings) {
  for (const auto& [group, until] : facts.pauses) {
    findings.push_back(
        {"pause", Verdict::note,
         (group.empty() ? "nothing is started" : "nothing of " + group + " is started") +
             (until ? " until " + format_time(*until) : std::string()),
         "wm resume" + (group.empty() ? "" : " --group " + group)});
  }
}

}  // namespace

std::vector<DeclaredCommand> declared_commands(const Settings& settings) {
  std::vector<DeclaredCommand> commands;
  for (const auto& [name, task] : settings.tasks) {
    commands.push_back({"task " + name, "tasks." + name + ".command", task.command, {}});
  }
  for (const auto& [name, condition] : settings.conditions) {
    commands.push_back(
        {"condition " + name, "conditions." + name + ".command", condition.command, {}});
  }
  return commands;
}

std::vector<Finding> diagnose(const DaemonFacts& facts, const Settings& settings,
                              const std::vector<DeclaredCommand>& commands, uid_t asker) {
  Findings findings{look_at_configuration(facts), look_at_permission(settings, asker)};
  look_at_pauses(facts, findings);
  look_at_tasks(settings, commands, findings);
  findings.push_back(look_at_disk(facts));
  findings.push_back(look_at_leftovers(facts.leftovers));
  findings.push_back(look_at_kept(facts, settings.keep, asker));
  findings.push_back(look_at_bus(facts));
  for (const json::value& condition : facts.conditions) {
    findings.push_back(look_at_condition(condition.as_object()));
  }
  findings.push_back(look_at_cgroups(facts));
  findings.push_back(look_at_clients(facts.clients, asker));
  findings.push_back(look_at_clock(facts));
  findings.push_back(look_at_paths(facts, settings));
  look_at_lingering(facts, findings);
  return findings;
}

json::array to_json(const std::vector<Finding>& findings) {
  json::array list;
  for (const Finding& finding : findings) {
    json::object one{
        {"check", finding.check}, {"verdict", word(finding.verdict)}, {"text", finding.text}};
    if (!finding.remedy.empty()) one["remedy"] = finding.remedy;
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace wm
