#include "cli/import/systemd_timers.h"

#include <algorithm>
#include <array>
#include <set>

#include "cli/import/lines.h"
#include "cli/import/systemd_calendar.h"
#include "cli/import/systemd_service.h"
#include "core/limits.h"
#include "core/text.h"

namespace wm::cli {
namespace {

constexpr std::array<std::string_view, 5> kMonotonic{"OnBootSec", "OnStartupSec", "OnActiveSec",
                                                     "OnUnitActiveSec", "OnUnitInactiveSec"};

class TimerReader {
 public:
  TimerReader(const UnitFiles& files, const TimerScope& scope, const Caller& caller)
      : files_(files), scope_(scope), caller_(caller) {}

  std::vector<Entry> read(const std::string& name) {
    Entry entry;
    entry.where = name;
    entry.request = imported_request(WorkKind::periodic, "systemd");
    entry.request.unique_name = name.substr(0, name.rfind('.'));
    if (const auto timer = load(entry, name)) {
      entry.where = timer->path.string();
      if (timer->path.filename() != name) entry.where += " (" + name + ")";
      entry.original = summary(timer->file);
      read_unit(entry, name, *timer);
    }
    std::vector<Entry> entries{std::move(entry)};
    for (std::size_t i = 1; i < times_.size() && entries.front().is_job(); ++i) {
      entries.push_back(entries.front());
      entries.back().request.calendar = times_[i].calendar;
      entries.back().request.time_zone = times_[i].time_zone;
    }
    return entries;
  }

 private:
  // The unit, or a refusal.
  std::optional<Unit> load(Entry& entry, const std::string& name) const {
    auto unit = files_.load(name);
    if (!unit) {
      entry.refuse("there is no readable " + name);
    } else if (unit->masked) {
      entry.refuse(name + " is masked: systemd never starts it");
      return std::nullopt;
    }
    return unit;
  }

  // The lines that say when.
  static std::string summary(const UnitFile& file) {
    std::string text;
    for (const UnitFile::Setting& one : file.settings()) {
      if (one.section != "Timer" || !one.key.starts_with("On")) continue;
      text += (text.empty() ? "" : "\n") + one.key + '=' + one.value;
    }
    return text;
  }

  void read_unit(Entry& entry, const std::string& name, const Unit& timer) {
    const UnitName parts(name);
    std::string service = timer.file.value("Timer", "Unit");
    if (service.empty()) service = name.substr(0, name.rfind('.')) + ".service";
    const UnitScope unit_scope{scope_.user, scope_.runtime};
    if (const auto full = expand(service, specifiers_of(name, unit_scope, caller_))) {
      service = *full;
    }
    if (parts.is_template) {
      return entry.refuse("it is a template: name an instance, " + parts.prefix + "@NAME.timer");
    }
    if (!service.ends_with(".service"))
      return entry.refuse("it starts " + service + ", no service");
    const auto loaded = load(entry, service);
    if (!loaded) return;
    read_times(entry, timer.file);
    note_of_timer(entry, timer.file);
    read_conditions(entry, timer.file);
    read_conditions(entry, loaded->file);
    read_service(entry, service, loaded->file, unit_scope, caller_);
    if (entry.request.description.empty()) {
      entry.request.description = timer.file.value("Unit", "Description");
    }
  }

  void read_times(Entry& entry, const UnitFile& timer) {
    std::vector<CronTime> times;
    for (const std::string& text : timer.values("Timer", "OnCalendar")) {
      auto time = cron_time(text);
      if (time) {
        times.push_back(std::move(*time));
      } else {
        problems_.push_back("OnCalendar=" + text + ": " + time.error().message);
      }
    }
    times_ = merged(times);
    if (times_.empty() && !problems_.empty()) return entry.refuse(problems_.front());
    for (const std::string& problem : problems_) entry.note(problem);
    if (times_.empty()) return read_period(entry, timer);
    entry.request.calendar = times_.front().calendar;
    entry.request.time_zone = times_.front().time_zone;
    if (times_.size() > 1) {
      entry.note(
          "several OnCalendar= that are not one calendar: each is a job of its own, and "
          "two of them may run at once");
    }
    for (const std::string_view key : kMonotonic) {
      for (const std::string& value : timer.values("Timer", key)) {
        entry.note(std::string(key) + '=' + value + ": a job of wm has a calendar or a period");
      }
    }
  }

  // The shortest of the time spans of that key.
  static std::optional<Duration> span(Entry& entry, const UnitFile& timer, const char* key) {
    std::optional<Duration> shortest;
    for (const std::string& text : timer.values("Timer", key)) {
      const auto read = time_span(text);
      if (!read) entry.note(std::string(key) + "=: " + read.error().message);
      const std::optional<Duration> length = read.value_or(std::nullopt);
      if (length) shortest = std::min(shortest.value_or(*length), *length);
    }
    return shortest;
  }

  static void read_period(Entry& entry, const UnitFile& timer) {
    const auto active = span(entry, timer, "OnUnitActiveSec");
    const auto inactive = span(entry, timer, "OnUnitInactiveSec");
    const auto delay = span(entry, timer, "OnActiveSec");
    const bool at_boot = span(entry, timer, "OnBootSec") || span(entry, timer, "OnStartupSec");
    if (!active && !inactive) {
      return entry.refuse(at_boot || delay
                              ? "it runs once after each boot, which wm has nothing for yet"
                              : "it names no time");
    }
    entry.request.every = active && inactive ? std::min(*active, *inactive)
                          : active           ? *active
                                             : *inactive;
    // From one start to the next, or from an end to the next start.
    if (active) entry.request.cadence = Cadence::fixed;
    if (active && inactive)
      entry.note("OnUnitActiveSec= and OnUnitInactiveSec=: the shorter counts");
    if (delay) entry.request.initial_delay = *delay;
    if (at_boot) {
      entry.note(
          "OnBootSec= and OnStartupSec=: wm counts no time from the boot; a run that was "
          "missed meanwhile comes at once");
    }
    if (entry.request.every < Limits{}.min_period) hint_at_calendar(entry);
  }

  static void hint_at_calendar(Entry& entry) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(entry.request.every);
    const bool whole = minutes == entry.request.every && minutes.count() > 0;
    const bool divides = whole && 60 % minutes.count() == 0;
    const std::string instead =
        divides ? "; calendar = \"*/" + std::to_string(minutes.count()) + " * * * *\" comes close"
                : "";
    entry.refuse("a period of " + format_duration(entry.request.every) +
                 " is under wm's minimum of " + format_duration(Limits{}.min_period) +
                 " (limits.min_period)" + instead);
  }

  static void note_of_timer(Entry& entry, const UnitFile& timer) {
    const std::string persistent = timer.value("Timer", "Persistent");
    if (!entry.request.calendar.empty() && !parse_yes_no(persistent).value_or(false)) {
      entry.note("not Persistent=: wm makes up for a time that passes while the machine is off");
    }
    for (const char* key : {"RandomizedDelaySec", "RandomizedOffsetSec"}) {
      const std::string value = timer.value("Timer", key);
      const auto span = time_span(value);
      if (!value.empty() && span != Duration{0}) {
        entry.note(std::string(key) + '=' + value + ": wm adds no random delay");
      }
    }
    for (const char* key : {"WakeSystem", "OnClockChange", "OnTimezoneChange"}) {
      if (!parse_yes_no(timer.value("Timer", key)).value_or(false)) continue;
      entry.note(std::string(key) + "=: wm has nothing like it");
    }
  }

  const UnitFiles& files_;
  const TimerScope& scope_;
  const Caller& caller_;
  std::vector<CronTime> times_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<Entry> read_timer(const std::string& name, const UnitFiles& files,
                              const TimerScope& scope, const Caller& caller) {
  return TimerReader(files, scope, caller).read(name);
}

std::vector<std::string> about_timers(const TimerScope& scope) {
  const std::string systemctl = scope.user ? "systemctl --user" : "systemctl";
  return {
      "Timers of systemd, as wm import reads them: wm apply FILE registers them.",
      "Systemd still runs them, too. To end that: " + systemctl + " disable --now NAME.timer",
      "What is different under wm:",
      "- Two jobs do not wait for each other as units do (After=, Requires=).",
      "- A run finds its input as JSON, here {}, on its standard input: systemd leaves it empty.",
      "- A job gets none of systemd's sandbox; what a service names of it is said beside it.",
      "Systemd tries nothing again unless Restart= says so, which is what max-attempts = 1 says:",
      "without that, a run that fails is tried again after a while.",
  };
}

}  // namespace wm::cli
