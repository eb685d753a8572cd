#include "cli/import/systemd_service.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "cli/import/lines.h"
#include "cli/import/systemd_calendar.h"
#include "core/request_fields.h"
#include "core/text.h"

namespace wm::cli {
namespace {

constexpr std::string_view kService = "Service";

// `a\x2db` is `a-b`, and a dash is a slash.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto code = text.substr(i, 2) == "\\x" ? parse_number<unsigned>(text.substr(i + 2, 2), 16)
                                                 : std::nullopt;
    if (code && *code != 0) {
      plain += static_cast<char>(*code);
      i += 3;
    } else {
      plain += text[i] == '-' ? '/' : text[i];
    }
  }
  return plain;
}

// These change nothing for a job, or are read elsewhere.
constexpr std::array<std::string_view, 47> kRead{"Type",
                                                 "ExecStart",
                                                 "ExecStartPre",
                                                 "ExecStartPost",
                                                 "User",
                                                 "Environment",
                                                 "EnvironmentFile",
                                                 "WorkingDirectory",
                                                 "Nice",
                                                 "TimeoutStartSec",
                                                 "TimeoutSec",
                                                 "RuntimeMaxSec",
                                                 "TimeoutStopSec",
                                                 "Restart",
                                                 "RestartSec",
                                                 "IOSchedulingClass",
                                                 "CPUWeight",
                                                 "MemoryMax",
                                                 "TasksMax",
                                                 "SuccessExitStatus",
                                                 "KillMode",
                                                 "KillSignal",
                                                 "RemainAfterExit",
                                                 "ExecReload",
                                                 "StandardOutput",
                                                 "StandardError",
                                                 "SyslogIdentifier",
                                                 "SyslogFacility",
                                                 "SyslogLevel",
                                                 "StandardInput",
                                                 "UMask",
                                                 "Slice",
                                                 "TimeoutAbortSec",
                                                 "NotifyAccess",
                                                 "GuessMainPID",
                                                 "LogLevelMax",
                                                 "MemoryAccounting",
                                                 "CPUAccounting",
                                                 "IOAccounting",
                                                 "TasksAccounting",
                                                 "IPAccounting",
                                                 "SendSIGKILL",
                                                 "OOMScoreAdjust",
                                                 "DynamicUser",
                                                 "SyslogLevelPrefix",
                                                 "IgnoreSIGPIPE",
                                                 "StartLimitInterval"};

class ServiceReader {
 public:
  ServiceReader(Entry& entry, const UnitFile& service, const Specifiers& specifiers,
                const UnitScope& scope)
      : entry_(entry), service_(service), specifiers_(specifiers), scope_(scope) {}

  void read(const Caller& caller) {
    const bool privileged = read_command();
    read_user(caller, privileged);
    read_environment();
    read_directory(caller);
    read_limits(caller);
    read_ends();
    entry_.request.description = service_.value("Unit", "Description");
    note_of_rest();
  }

 private:
  std::string value(std::string_view key) const { return service_.value(kService, key); }

  // The value with its specifiers replaced; empty, and a note, if one is not known.
  std::string expanded(std::string_view key) {
    const std::string text = value(key);
    if (const auto full = expand(text, specifiers_)) return *full;
    entry_.note(std::string(key) + '=' + text + ": wm does not know all of its specifiers");
    return "";
  }

  bool read_command() {
    std::vector<std::string> lines;
    for (const char* key : {"ExecStartPre", "ExecStart", "ExecStartPost"}) {
      const auto some = service_.values(kService, key);
      lines.insert(lines.end(), some.begin(), some.end());
    }
    auto command = service_command(lines, specifiers_);
    if (!command) {
      entry_.refuse("ExecStart=: " + command.error().message);
      return false;
    }
    variables_ = std::move(command->variables);
    for (std::string& note : command->notes) entry_.note(std::move(note));
    entry_.request.command = std::move(command->command);
    return command->privileged;
  }

  void read_user(const Caller& caller, bool privileged) {
    const std::string user = expanded("User");
    if (parse_yes_no(value("DynamicUser")).value_or(false)) {
      return entry_.refuse("DynamicUser=: wm makes up no users");
    }
    if (!user.empty() && privileged) {
      entry_.refuse("a command line has the prefix + or !, and runs with other rights than User=");
    }
    if (!user.empty()) {
      run_as(entry_, user, caller);
    } else if (!scope_.user) {
      run_as(entry_, "root", caller);
    }
    if (const std::string group = value("Group"); !group.empty() && group != user) {
      entry_.note("Group=" + group + ": a run has the groups of its user");
    }
  }

  void read_environment() {
    std::set<std::string> known{"PATH",  "HOME", "USER",           "LOGNAME",
                                "SHELL", "LANG", "XDG_RUNTIME_DIR"};
    for (const std::string& text : service_.values(kService, "Environment")) {
      const auto words = systemd_words(text);
      if (!words) entry_.note("Environment=" + text + ": " + words.error().message);
      for (const std::string& word : words ? *words : std::vector<std::string>{}) {
        add_variable(word, known);
      }
    }
    const auto files = service_.values(kService, "EnvironmentFile");
    for (const std::string& file : files) add_variables_file(file);
    for (const std::string& name : variables_) {
      if (known.contains(name) || files.empty()) continue;
      entry_.refuse("$" + name + " in its command comes from EnvironmentFile=" + files.front() +
                    ", which is read only when it runs");
    }
  }

  void add_variables_file(const std::string& text) {
    const bool may_lack = text.starts_with('-');
    const auto path = expand(text.substr(may_lack ? 1 : 0), specifiers_);
    const auto note = [&](const char* what) { entry_.note("EnvironmentFile=" + text + what); };
    if (!path || !path->starts_with('/') || path->find_first_of("*?[") != std::string::npos) {
      return note(": wm does not know which file that is");
    }
    std::string& file = entry_.request.env_file;
    if (!file.empty()) return note(": wm reads one such file; write its variables to env");
    file = *path;
    if (may_lack) note(": without that file a run of wm fails");
    const std::string& user = entry_.request.terms.as;
    if (!user.empty() && user != "root") note(": wm reads it with the rights of the job's user");
  }

  void add_variable(const std::string& word, std::set<std::string>& known) {
    const auto full = expand(word, specifiers_);
    const std::size_t equals = full ? full->find('=') : std::string::npos;
    if (equals == std::string::npos || equals == 0) {
      entry_.note("Environment=" + word + ": it cannot be read as NAME=VALUE");
      return;
    }
    known.insert(full->substr(0, equals));
    set_variable(entry_, full->substr(0, equals), full->substr(equals + 1));
  }

  void read_directory(const Caller& caller) {
    std::string directory = expanded("WorkingDirectory");
    if (directory.starts_with('-')) {
      directory.erase(0, 1);
      entry_.note("WorkingDirectory=-" + directory + ": without that directory a run of wm fails");
    }
    if (directory == "~") return;  // A run begins at home.
    if (directory.empty()) directory = scope_.user ? caller.home : "/";
    if (!scope_.user || directory != caller.home) entry_.request.cwd = directory;
  }

  // Reads the value with the words of that option.
  void read_as(std::string_view key, std::string_view option) {
    const std::string text = value(key);
    if (text.empty() || text == "infinity") return;
    const std::vector<std::string> texts{text};
    WorkRequest changed = entry_.request;
    const auto read = find_field(option)->value->parse(texts, changed, {});
    if (read && check_fields(changed)) {
      entry_.request = std::move(changed);
    } else {
      entry_.note(std::string(key) + '=' + text + ": it is no value of " + std::string(option));
    }
  }

  void read_limits(const Caller& caller) {
    read_as("Nice", "nice");
    if (caller.uid != 0 && entry_.request.terms.nice.value_or(0) < 0) {
      entry_.note("Nice=" + value("Nice") + ": only root may set it");
      entry_.request.terms.nice.reset();
    }
    const std::string io_class = value("IOSchedulingClass");
    if (io_class == "idle" || io_class == "3") entry_.request.terms.io_class = IoClass::idle;
    if (io_class == "best-effort" || io_class == "2") {
      entry_.request.terms.io_class = IoClass::best_effort;
    }
    if (io_class == "realtime" || io_class == "1") {
      entry_.note("IOSchedulingClass=realtime: wm gives nobody that class");
    }
    read_as("UMask", "umask");
    read_as("CPUWeight", "cpu-weight");
    read_as("MemoryMax", "memory-max");
    read_as("TasksMax", "tasks-max");
    const bool oneshot = value("Type") == "oneshot";
    for (const char* key : {"TimeoutSec", "TimeoutStartSec"}) {
      if (oneshot) read_limit(key, entry_.request.time_limit);
    }
    if (!oneshot) read_limit("RuntimeMaxSec", entry_.request.time_limit);
    for (const char* key : {"TimeoutSec", "TimeoutStopSec"}) {
      read_limit(key, entry_.request.stop_grace);
    }
  }

  void read_limit(std::string_view key, std::optional<Duration>& limit) {
    if (value(key).empty()) return;
    const auto span = time_span(value(key));
    if (!span) entry_.note(std::string(key) + "=: " + span.error().message);
    const Duration length = span.value_or(std::nullopt).value_or(Duration::zero());
    if (length > Duration::zero()) limit = length;
  }

  void read_ends() {
    const std::string type = value("Type");
    if (type == "forking") {
      entry_.note("Type=forking: a run of wm ends with its first process, and so do all others");
    }
    const std::string restart = value("Restart");
    if (!restart.empty() && restart != "no") {
      entry_.request.max_attempts.reset();
      entry_.note("Restart=" + restart + ": wm tries again by its own rules; see backoff in wm(1)");
    }
    std::string codes;
    for (const std::string& text : service_.values(kService, "SuccessExitStatus")) {
      std::string_view rest = text;
      while (!rest.empty()) {
        const std::string code(take_word(rest));
        if (parse_number<std::uint8_t>(code)) {
          codes += ',' + code;
        } else {
          entry_.note("SuccessExitStatus=" + code + ": wm knows codes by their numbers");
        }
      }
    }
    if (!codes.empty()) {
      const std::vector<std::string> texts{"0" + codes};
      (void)find_field("success-on")->value->parse(texts, entry_.request, {});
    }
  }

  void note_of_rest() {
    for (const char* key : {"StandardOutput", "StandardError"}) {
      const std::string text = value(key);
      if (text.starts_with("file:") || text.starts_with("append:") ||
          text.starts_with("truncate:") || text == "null") {
        entry_.note(std::string(key) + '=' + text + ": wm keeps what a run prints (wm logs)");
      }
    }
    std::vector<std::string> others;
    for (const UnitFile::Setting& one : service_.settings()) {
      const std::string name = one.key + '=';
      const bool read = std::ranges::find(kRead, one.key) != kRead.end() || one.key == "Group";
      if (one.section != kService || read || value(one.key).empty()) continue;
      if (std::ranges::find(others, name) == others.end()) others.push_back(name);
    }
    if (!others.empty()) entry_.note(join(others) + ": wm has nothing like it");
    for (const std::string& units : service_.values("Unit", "After")) {
      if (units.find("network-online.target") == std::string::npos) continue;
      entry_.note(
          "After=network-online.target: network = \"connected\" would wait for the network");
    }
    for (const char* key : {"OnFailure", "OnSuccess"}) {
      const std::string text = service_.value("Unit", key);
      if (text.empty()) continue;
      entry_.note(std::string(key) + '=' + text + ": see [notify] in wmd.toml(5)");
    }
  }

  Entry& entry_;
  const UnitFile& service_;
  const Specifiers& specifiers_;
  const UnitScope& scope_;
  std::vector<std::string> variables_;
};

}  // namespace

Specifiers specifiers_of(const std::string& unit, const UnitScope& scope, const Caller& caller) {
  const UnitName name(unit);
  const std::string home = scope.user ? caller.home : "/root";
  const auto place = [&](const char* of_system, const char* of_user) {
    return scope.user ? home + of_user : of_system;
  };
  const std::map<char, std::string> values{
      {'n', unit},
      {'N', unit.substr(0, unit.rfind('.'))},
      {'p', name.prefix},
      {'P', unescaped(name.prefix)},
      {'i', name.instance},
      {'I', unescaped(name.instance)},
      {'j', name.prefix.substr(name.prefix.rfind('-') + 1)},
      {'u', scope.user ? caller.name() : "root"},
      {'U', std::to_string(scope.user ? caller.uid : 0)},
      {'h', home},
      {'t', scope.user ? scope.runtime : "/run"},
      {'T', "/tmp"},
      {'V', "/var/tmp"},
      {'E', place("/etc", "/.config")},
      {'S', place("/var/lib", "/.local/state")},
      {'C', place("/var/cache", "/.cache")},
      {'L', place("/var/log", "/.local/state/log")},
  };
  return [values](char letter) {
    const auto known = values.find(letter);
    return known == values.end() ? std::nullopt : std::optional(known->second);
  };
}

void read_service(Entry& entry, const std::string& unit, const UnitFile& service,
                  const UnitScope& scope, const Caller& caller) {
  const Specifiers specifiers = specifiers_of(unit, scope, caller);
  ServiceReader(entry, service, specifiers, scope).read(caller);
}

void read_conditions(Entry& entry, const UnitFile& unit) {
  for (const UnitFile::Setting& one : unit.settings()) {
    const bool condition = one.key.starts_with("Condition") || one.key.starts_with("Assert");
    const auto counting = unit.values("Unit", one.key);
    if (one.section != "Unit" || !condition ||
        std::ranges::find(counting, one.value) == counting.end())
      continue;
    const std::string text = one.key + '=' + one.value;
    if (one.key == "ConditionACPower" && parse_yes_no(one.value).value_or(false)) {
      entry.request.constraints.set(Constraint::charging);
      entry.note(text +
                 ": wm waits for the power instead of leaving the run out, and stops the "
                 "run if the power goes");
    } else {
      entry.note(text + ": wm does not look at it");
    }
  }
}

}  // namespace wm::cli
