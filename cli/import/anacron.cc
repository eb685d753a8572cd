#include "cli/import/anacron.h"

#include "cli/import/lines.h"
#include "cli/import/table.h"
#include "core/text.h"

namespace wm::cli {
namespace {

class AnacronReader : public TableReader {
 public:
  AnacronReader(const std::string& where, const std::string& user, const Caller& caller)
      : TableReader(where), user_(user), caller_(caller) {}

 private:
  void read_job(Entry& entry, std::string_view rest) const override {
    entry.request = imported_request(WorkKind::periodic, "anacron");
    const std::string period(take_word(rest));
    const std::string delay(take_word(rest));
    entry.request.unique_name = take_word(rest);
    if (rest.empty() || !parse_number<unsigned>(delay)) {
      return entry.refuse("a period, a delay in minutes, an identifier and a command are expected");
    }
    read_period(entry, period);
    if (delay != "0") {
      entry.note("a delay of " + delay +
                 " minutes: wm has none; run.max_parallel keeps jobs from running all at once");
    }
    // anacron runs each with this shell, in this directory.
    entry.request.command = {"/bin/sh", "-c", std::string(rest)};
    entry.request.cwd = "/";
    for (const auto& [name, value] : variables()) use_variable(entry, name, value);
    if (!user_.empty()) run_as(entry, user_, caller_);
  }

  static void read_period(Entry& entry, const std::string& period) {
    const auto days = period == "@daily"    ? std::optional(1)
                      : period == "@weekly" ? std::optional(7)
                                            : parse_number<int>(period);
    if (period == "@monthly" || period == "@yearly" || period == "@annually") {
      entry.request.calendar = period;  // A missed time is made up for.
    } else if (days && *days > 0 && Days{*days} <= kMaxDuration) {
      // Counted from one run to the next, whenever each of them ends.
      entry.request.every = Days{*days};
      entry.request.cadence = Cadence::fixed;
    } else {
      entry.refuse("'" + period + "' is no period: a number of days, @daily, @weekly, @monthly");
    }
  }

  static void use_variable(Entry& entry, const std::string& name, const std::string& value) {
    if (name == "START_HOURS_RANGE") {
      entry.note("START_HOURS_RANGE=" + value +
                 ": wm starts it at any hour; between would keep to "
                 "some hours, and stop a run at their end");
    } else if (!note_of_table(entry, name, value) && name != "PREFERRED_HOUR" &&
               name != "NO_MAIL_OUTPUT") {
      set_variable(entry, name, value);
    }
  }

  const std::string& user_;
  const Caller& caller_;
};

}  // namespace

std::vector<Entry> read_anacrontab(std::string_view text, const std::string& where,
                                   const std::string& user, const Caller& caller) {
  return AnacronReader(where, user, caller).read(text);
}

std::vector<std::string> about_anacron(const std::string& source) {
  return {
      "The jobs of " + source + ", as wm import reads them: wm apply FILE registers them.",
      "Anacron still runs them, too. To end that: put a # before each line there.",
      "What is different under wm:",
      "- A job of N days is first due now, and then every N days; anacron looks at its own record.",
      "- Nothing is mailed. wm keeps what a run prints: wm logs NAME.",
      "- A run finds its input as JSON, here {}, on its standard input.",
      "Anacron tries nothing again, which is what max-attempts = 1 says: without that, a run that",
      "fails is tried again after a while.",
  };
}

}  // namespace wm::cli
