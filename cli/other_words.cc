#include "cli/other_words.h"

#include <algorithm>
#include <array>

namespace wm::cli {
namespace {

struct Words {
  std::string_view others;  // With commas between them.
  std::string_view own;
};

constexpr std::array kCommandWords{
    Words{"add,at,create,enqueue,new,schedule,submit", "once or every"},
    Words{"start,trigger", "run"},
    Words{"stop", "cancel or pause"},
    Words{"kill,rm,remove,delete,del", "cancel"},
    Words{"restart,rerun,requeue,reset", "retry"},
    Words{"ls,ps,jobs,queue,find,search", "list"},
    Words{"top", "list --watch"},
    Words{"describe,info,get,inspect", "show"},
    Words{"explain", "why"},
    Words{"follow", "logs --follow"},
    Words{"tail,journal", "logs"},
    Words{"events", "watch"},
    Words{"runs", "history"},
    Words{"next,timers,list-timers,upcoming", "forecast"},
    Words{"sensors", "conditions"},
    Words{"hold,suspend,disable", "pause"},
    Words{"group", "pause --group"},
    Words{"skip", "update --at"},
    Words{"unpause,continue,enable", "resume"},
    Words{"clean,clear,gc", "prune"},
    Words{"crontab,cron", "import crontab"},
    Words{"health", "doctor"},
    Words{"version", "--version"},
};

constexpr std::array kOptionWords{
    Words{"--attempts,--max-retries,--max-tries,--retries,--tries,--backoff-limit",
          "--max-attempts"},
    Words{"--delay,--in", "--initial-delay"},
    Words{"--timeout,--max-time,--runtime-max", "--time-limit"},
    Words{"--chdir,--dir,--directory,--workdir,--working-directory,-C", "--cwd"},
    Words{"--label,--labels,--selector,-l", "--tag"},
    Words{"--depends-on,--dependency,--dependencies,--requires", "--after"},
    Words{"--ac,--on-ac,--plugged,--power", "--charging"},
    Words{"--unmetered,--wifi", "--network unmetered"},
    Words{"--cron,--schedule", "--calendar"},
    Words{"--environment", "--env"},
    Words{"--run-as,--uid", "--as"},
    Words{"--duration,--until", "--for"},
    Words{"--status,--phase", "--state"},
    Words{"--count,--last,--max-count,-L", "--limit"},
    Words{"--tail", "--lines"},
    Words{"--timestamps,-t", "--times"},
    Words{"-t", "--timeout"},
    Words{"--silent", "--quiet"},
    Words{"--format,--output,-o", "--json"},
    Words{"--no-color,--no-colour", "--color never"},
    Words{"-V", "--version"},
};

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace

std::string_view command_of_other_word(std::string_view word) {
  for (const Words& one : kCommandWords) {
    if (has_word(one.others, word)) return one.own;
  }
  return {};
}

std::string option_of_other_word(std::string_view word,
                                 const std::function<bool(const std::string&)>& knows) {
  constexpr std::string_view kPeriod = "--every,--frequency,--calendar,--cron,--schedule";
  if (word == "--name" && knows("NAME")) return "NAME, without an option";
  if (has_word(kPeriod, word) && knows("WHEN")) return "WHEN, without an option";
  for (const Words& one : kOptionWords) {
    const std::string own(one.own);
    if (has_word(one.others, word) && knows(own.substr(0, own.find(' ')))) return own;
  }
  return "";
}

}  // namespace wm::cli
