#include "cli/offers.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <sstream>

#include <CLI/Option.hpp>

#include "cli/render/work.h"
#include "cli/shell_words.h"
#include "core/conditions.h"
#include "core/request_fields.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

// Whoever presses a key waits for the daemon no longer than this.
constexpr std::chrono::milliseconds kPatience{500};
constexpr std::size_t kMostJobs = 1'000;

using Visit = std::function<void(const json::object&)>;

void each_job(Session& session, json::object parameters, const Visit& visit) {
  auto client = session.connect();
  if (!client) return;
  client->set_deadline(std::chrono::steady_clock::now() + kPatience);
  std::size_t count = 0;
  static_cast<void>(client->stream("List", std::move(parameters), [&](const json::object& page) {
    for (const json::value& work : array_of(page, "works")) {
      if (count++ < kMostJobs) visit(work.as_object());
    }
    // Those are enough: the time is up.
    if (count >= kMostJobs) client->set_deadline(std::chrono::steady_clock::now());
  }));
}

// Empty: there was no answer in time.
json::object ask(Session& session, std::string_view method) {
  auto client = session.connect();
  if (!client) return {};
  client->set_deadline(std::chrono::steady_clock::now() + kPatience);
  return client->call(method, {}).value_or(json::object());
}

void offer_jobs(Session& session, Answer& answer, json::object parameters) {
  each_job(session, std::move(parameters), [&](const json::object& work) {
    answer.add(text_of(work, "uniqueName"), state_of(work));
  });
}

void offer_all_jobs(Session& session, Answer& answer) {
  offer_jobs(session, answer, {{"finished", true}});
}

void offer_unfinished_jobs(Session& session, Answer& answer) { offer_jobs(session, answer, {}); }

void offer_jobs_to_retry(Session& session, Answer& answer) {
  offer_jobs(session, answer,
             {{"states", json::array{word(WorkState::failed), word(WorkState::cancelled)}},
              {"finished", true}});
}

void offer_tags(Session& session, Answer& answer, json::object parameters) {
  each_job(session, std::move(parameters), [&](const json::object& work) {
    for (const std::string& tag : texts_of(work, "tags")) answer.add(tag);
  });
}

void offer_all_tags(Session& session, Answer& answer) {
  offer_tags(session, answer, {{"finished", true}});
}

void offer_tags_to_retry(Session& session, Answer& answer) {
  offer_tags(session, answer,
             {{"states", json::array{word(WorkState::failed)}}, {"finished", true}});
}

void offer_unfinished_tags(Session& session, Answer& answer) { offer_tags(session, answer, {}); }

void offer_groups(Session& session, Answer& answer) {
  each_job(session, {}, [&](const json::object& work) { answer.add(text_of(work, "group")); });
}

void offer_tasks(Session& session, Answer& answer) {
  const json::object told = ask(session, "Tasks");
  for (const json::value& one : array_of(told, "tasks")) {
    const json::object& task = one.as_object();
    answer.add(text_of(task, "name"), shell_line(texts_of(task, "command")));
  }
}

// Calls `visit(name, value)` for each condition that the configuration declares. Without a value it
// is not measured.
void each_custom(Session& session,
                 const std::function<void(std::string_view, std::string_view)>& visit) {
  const std::string before = std::string(def_of(Constraint::custom).condition) + '.';
  const json::object told = ask(session, "Conditions");
  std::map<std::string, std::string> values;
  for (const std::string& name : texts_of(told, "declared")) values[name];
  for (const json::value& one : array_of(told, "conditions")) {
    const std::string name = text_of(one.as_object(), "name");
    if (name.starts_with(before)) {
      values[name.substr(before.size())] = text_of(one.as_object(), "value");
    }
  }
  for (const auto& [name, value] : values) visit(name, value);
}

void offer_custom_conditions(Session& session, Answer& answer) {
  each_custom(session, [&](auto name, auto value) { answer.add(name, value); });
}

// `network=unmetered`, `charging=no`, `custom.vpn=yes`.
void offer_overrides(Session& session, Answer& answer) {
  const auto add = [&](std::string_view name, std::string_view value) {
    answer.add(std::string(name) + '=' + std::string(value));
  };
  for (const ConstraintDef& one : kConstraints) {
    if (one.condition.empty() || one.form == ConstraintForm::names) continue;
    if (one.form == ConstraintForm::network_type) {
      for (const std::string_view word : kNetworkWords) add(one.condition, word);
    } else {
      for (const std::string_view word : {one.yes, one.no}) add(one.condition, word);
    }
  }
  const ConstraintDef& custom = def_of(Constraint::custom);
  each_custom(session, [&](std::string_view name, std::string_view) {
    const std::string whole = std::string(custom.condition) + '.' + std::string(name);
    for (const std::string_view word : {custom.yes, custom.no}) add(whole, word);
  });
}

// `charging`, `network=unmetered`, `custom=vpn`.
void offer_preferences(Session& session, Answer& answer) {
  for (const ConstraintDef& one : kConstraints) {
    const std::string name(one.name);
    if (one.form == ConstraintForm::flag) answer.add(name, one.help);
    if (one.form == ConstraintForm::network_type) {
      for (const std::string_view word : Words<NetworkType>::list) {
        answer.add(name + '=' + std::string(word));
      }
    }
    if (one.form == ConstraintForm::names) {
      each_custom(session, [&](auto custom, auto value) {
        answer.add(name + '=' + std::string(custom), value);
      });
    }
  }
}

// The database has its zones and links in one file, or the zones alone in a table.
void offer_time_zones(Session&, Answer& answer) {
  const std::string folder = "/usr/share/zoneinfo/";
  std::ifstream database(folder + "tzdata.zi");
  for (std::string line; std::getline(database, line);) {
    std::istringstream words(line);
    std::string kind;
    std::string name;
    words >> kind >> name;
    if (kind == "L") words >> name;
    if (kind == "Z" || kind == "L") answer.add(name);
  }
  for (const char* const table : {"zone1970.tab", "zone.tab"}) {
    if (!answer.offers.empty()) return;
    std::ifstream lines(folder + table);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string name;
      words >> name >> name >> name;
      if (!line.starts_with('#')) answer.add(name);
    }
  }
}

void offer_names_of_commands(Session&, Answer& answer) { offer_commands(answer); }

void offer_files(Session&, Answer& answer) { answer.directive = ":files"; }

void offer_directories(Session&, Answer& answer) { answer.directive = ":directories"; }

template <class E>
void offer_words(Session&, Answer& answer) {
  for (const std::string_view word : Words<E>::list) answer.add(word);
}

struct Source {
  std::string_view commands;  // Each between spaces; empty: any.
  std::string_view name;      // An option's first name, without dashes, or an argument's.
  void (*offer)(Session&, Answer&);

  bool is_of(std::string_view command) const {
    return commands.empty() || commands.contains(" " + std::string(command) + " ");
  }
};

// They take jobs that have not ended, or are about their names.
constexpr std::string_view kOfUnfinished =
    " cancel update edit run forecast once every register-oneoff register-periodic "
    "register-processing ";

// The first row that fits holds. Options that have no row have the words of their field.
constexpr std::array kSources{
    Source{kOfUnfinished, "NAME", offer_unfinished_jobs},
    Source{" retry ", "NAME", offer_jobs_to_retry},
    Source{"", "NAME", offer_all_jobs},
    Source{"", "after", offer_all_jobs},
    Source{" prune ", "state", offer_all_jobs},
    Source{"", "state", offer_words<WorkState>},
    Source{" wait ", "for", offer_words<WorkState>},
    Source{" cancel run wait ", "tag", offer_unfinished_tags},
    Source{" retry ", "tag", offer_tags_to_retry},
    Source{"", "tag", offer_all_tags},
    Source{"", "group", offer_groups},
    Source{"", "TASK", offer_tasks},
    Source{"", "task", offer_tasks},
    Source{"", "require", offer_custom_conditions},
    Source{"", "CONDITION", offer_overrides},
    Source{"", "prefer", offer_preferences},
    Source{"", "time-zone", offer_time_zones},
    Source{"", "color", offer_words<ColorChoice>},
    Source{"", "existing", offer_words<ExistingPolicy>},
    Source{"", "SHELL", offer_words<Shell>},
    Source{"", "COMMAND", offer_names_of_commands},
    Source{"", "FILE", offer_files},
    Source{"", "JSON", offer_files},
    Source{"", "socket", offer_files},
    Source{"", "input-json", offer_files},
    Source{"", "on-path", offer_files},
    Source{"", "cwd", offer_directories},
    Source{"", "env-file", offer_files},
};

}  // namespace

void offer_commands(Answer& answer) {
  for (const Command& one : all_commands()) answer.add(one.name, one.summary);
}

void offer_values(std::string_view command, const CLI::Option& option, Session& session,
                  Answer& answer) {
  const std::string& name = option.get_single_name();
  const auto source = std::ranges::find_if(
      kSources, [&](const Source& one) { return one.is_of(command) && one.name == name; });
  if (source != kSources.end()) return source->offer(session, answer);
  for (const Field& field : request_fields()) {
    if (field.option.empty() || field.option_name() != name) continue;
    for (const std::string_view word : field.value->words()) answer.add(word);
  }
}

}  // namespace wm::cli
