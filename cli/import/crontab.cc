#include "cli/import/crontab.h"

#include <filesystem>

#include "cli/caller.h"
#include "cli/import/job_name.h"
#include "cli/import/lines.h"
#include "cli/import/table.h"
#include "cli/shell_words.h"
#include "core/text.h"

namespace wm::cli {

namespace fs = std::filesystem;

namespace {

// The command, and what it reads: cron's % begins the input, and a further one a line of it.
struct Split {
  std::string command;
  std::optional<std::string> input;
};

// Follows Debian's cron: in the command \% is % and \\ is \, in the input only \% is %.
Split split_at_percent(std::string_view text) {
  Split split;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size();
    if (!split.input && escape && (text[i + 1] == '%' || text[i + 1] == '\\')) {
      split.command += text[++i];
    } else if (!split.input && escape) {
      split.command += text.substr(i++, 2);
    } else if (!split.input) {
      if (text[i] == '%') {
        split.input.emplace();
      } else {
        split.command += text[i];
      }
    } else if (escape && text[i + 1] == '%') {
      *split.input += text[++i];
    } else {
      *split.input += text[i] == '%' ? '\n' : text[i];
    }
  }
  return split;
}

std::vector<std::string> shell_command(const std::string& shell, const Split& split) {
  if (!split.input) return {shell, "-c", split.command};
  std::string line = "printf '%s\\n'";
  for (const std::string_view part : cli::split(*split.input, "\n")) {
    line += ' ' + in_single_quotes(std::string(part));
  }
  line += " | " + shell_word(shell) + " -c " + in_single_quotes(split.command);
  return {"/bin/sh", "-c", line};
}

class CrontabReader : public TableReader {
 public:
  CrontabReader(const CrontabForm& form, const Caller& caller)
      : TableReader(form.where), form_(form), caller_(caller) {}

 private:
  void read_job(Entry& entry, std::string_view rest) const override {
    entry.request = imported_request(WorkKind::periodic, "crontab");
    rest = trimmed_left(rest);
    if (rest.starts_with('-')) rest.remove_prefix(1);  // cronie: not to the system's log.
    entry.request.calendar = take_calendar(rest);
    const std::string& calendar = entry.request.calendar;
    const std::string user(form_.names_user ? take_word(rest) : std::string_view());
    if (calendar == "@reboot") {
      entry.refuse("wm has nothing yet that starts a job at the boot");
    } else if (rest.empty()) {
      entry.refuse(form_.names_user ? "five fields or @WORD, a user and a command are expected"
                                    : "five fields or @WORD, and a command are expected");
    }
    if (!entry.is_job()) return;
    read_command(entry, rest);
    use_variables(entry);
    if (form_.names_user) {
      run_as(entry, user, caller_);
    } else if (!form_.user.empty()) {
      run_as(entry, form_.user, caller_);
    }
  }

  static std::string_view trimmed_left(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
  }

  static std::string take_calendar(std::string_view& rest) {
    std::string calendar(take_word(rest));
    if (calendar == "@every_minute") return "* * * * *";
    if (calendar.starts_with('@')) return calendar;
    for (int field = 1; field < 5; ++field) calendar += ' ' + std::string(take_word(rest));
    return calendar;
  }

  void read_command(Entry& entry, std::string_view text) const {
    const auto shell = variables().find("SHELL");
    const Split split = split_at_percent(text);
    entry.request.command =
        shell_command(shell == variables().end() ? "/bin/sh" : shell->second, split);
    entry.request.unique_name = name_of_command(split.command);
    if (text.find("\\\\") != std::string_view::npos) {
      entry.note("\\\\ is read as one \\, as by Debian's cron; cronie keeps both");
    }
    if (text.find("/run/systemd/system") != std::string_view::npos) {
      entry.note("it asks whether systemd runs: perhaps a timer does this there");
    }
    warn_of_user(entry, split.command);
  }

  // A table of the system under another name.
  void warn_of_user(Entry& entry, std::string_view command) const {
    if (form_.names_user) return;
    const std::string word(take_word(command));
    if (command.empty() || word.find('/') != std::string::npos || parse_number<int>(word)) return;
    if (find_program(word) || !caller_.find_user(word)) return;
    entry.note("'" + printable(word) +
               "' is a user and no program: if that column names users, give --system-form");
  }

  void use_variables(Entry& entry) const {
    for (const auto& [name, value] : variables()) {
      if (name == "CRON_TZ") {
        entry.request.time_zone = value;
        if (!value.empty()) {
          entry.note("CRON_TZ=" + value +
                     ": cronie follows it, as wm does; Debian's cron does not");
        }
      } else if (name == "HOME") {
        entry.request.cwd = value;
        set_variable(entry, name, value);
      } else if (!note_of_table(entry, name, value)) {
        set_variable(entry, name, value);
      }
    }
  }

  const CrontabForm& form_;
  const Caller& caller_;
};

}  // namespace

CrontabForm crontab_form(const std::string& path) {
  const fs::path absolute = absolute_path(path);
  const std::string folder = absolute.parent_path().string();
  CrontabForm form{.where = path};
  form.names_user = absolute == "/etc/crontab" || folder == "/etc/cron.d";
  if (folder == "/var/spool/cron/crontabs" || folder == "/var/spool/cron") {
    form.user = absolute.filename().string();
  }
  return form;
}

std::vector<Entry> read_crontab(std::string_view text, const CrontabForm& form,
                                const Caller& caller) {
  return CrontabReader(form, caller).read(text);
}

std::vector<std::string> about_cron(const std::string& source, const std::string& off) {
  return {
      "The jobs of " + source + ", as wm import reads them: wm apply FILE registers them.",
      "Cron still runs them, too. To end that: " + off,
      "What is different under wm:",
      "- A time that passes while the machine is off is made up for, once, on return.",
      "- Two runs of one job never overlap: the second waits for the end of the first.",
      "- Nothing is mailed. wm keeps what a run prints: wm logs NAME.",
      "- A run finds its input as JSON, here {}, on its standard input, which cron leaves empty.",
      "- Without PATH and SHELL of its own, a run gets wmd's PATH and its user's shell: those of",
      "  cron are /usr/bin:/bin and /bin/sh.",
      "Cron tries nothing again, which is what max-attempts = 1 says: without that, a run that",
      "fails is tried again after a while.",
  };
}

}  // namespace wm::cli
