#include "cli/import/entry.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>

#include <unistd.h>

#include "cli/import/job_name.h"
#include "cli/import/lines.h"
#include "cli/users.h"
#include "cli/work_file.h"
#include "core/limits.h"
#include "core/request_fields.h"
#include "core/request_json.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

// The client has no database of zones: the daemon's is made of these files.
Result<> check_zone_file(std::string_view name) {
  const std::filesystem::path zones = "/usr/share/zoneinfo";
  const bool is_path = name.starts_with('/') || name.find("..") != std::string_view::npos;
  std::error_code problem;
  if (!is_path && std::filesystem::is_regular_file(zones / name, problem)) return {};
  return invalid("there is no time zone '" + printable(name) + "' in " + zones.string());
}

Result<> check_program_file(const std::string& program) {
  std::error_code problem;
  const bool fine =
      std::filesystem::is_regular_file(program, problem) && ::access(program.c_str(), X_OK) == 0;
  if (fine) return {};
  return invalid("there is no program " + printable(program) + " on this machine");
}

std::string toml_of(const WorkRequest& request) {
  std::ostringstream out;
  write_works(out, json::array{to_json(request)});
  return out.str();
}

// The job as wm apply reads it; the error that it would have.
Result<WorkRequest> as_applied(const WorkRequest& request) {
  std::string text;
  try {
    text = toml_of(request);
  } catch (const std::exception& problem) {
    return invalid(problem.what());
  }
  auto read = parse_works(text, "");
  if (!read) {
    // The line in a text that nobody has seen says nothing: `: line 3: …`.
    const std::string& message = read.error().message;
    const std::size_t place = message.starts_with(": line ") ? message.find(": ", 2) : 0;
    return invalid(place == std::string::npos || place == 0 ? message : message.substr(place + 2));
  }
  if (read->size() != 1) return invalid("it cannot be written as one job");
  WorkRequest& applied = read->front().request;
  if (auto valid = validate(applied, Limits{}, check_zone_file); !valid) {
    return std::unexpected(valid.error());
  }
  return std::move(applied);
}

std::string unique_name(const std::string& wish, std::set<std::string>& used) {
  std::string name = wish;
  for (int i = 2; !used.insert(name).second; ++i) name = wish + "-" + std::to_string(i);
  return name;
}

void write_comment(std::ostream& out, std::string_view text) {
  if (text.empty()) out << "#\n";
  for (std::string line : lines_of(text)) {
    std::ranges::replace(line, '\t', ' ');
    line = printable(line);
    out << (line.empty() ? "#" : "# ") << line << '\n';
  }
}

void write_entry(std::ostream& out, const Entry& entry) {
  for (const std::string& comment : entry.comments) write_comment(out, comment);
  const bool one_line = entry.original.find('\n') == std::string::npos;
  write_comment(out, entry.where + ":" + (one_line ? " " : "\n") + entry.original);
  for (const std::string& note : entry.notes) write_comment(out, "! " + note);
  if (!entry.is_job()) {
    write_comment(out, "NOT A JOB: " + entry.refusal);
  } else {
    out << toml_of(entry.request);
  }
}

}  // namespace

void Entry::note(std::string text) {
  if (std::ranges::find(notes, text) == notes.end()) notes.push_back(std::move(text));
}

Result<Caller> caller_for(const std::string& owner) {
  const auto uid = owner.empty() ? Result<uid_t>(::geteuid()) : find_user(owner);
  if (!uid) return std::unexpected(uid.error());
  const auto names = std::make_shared<UserNames>();
  const auto own_name = [names, user = *uid] {
    names->learn({user});
    return names->of(user);
  };
  const char* home = std::getenv("HOME");
  const auto known = std::make_shared<std::map<std::string, Result<uid_t>>>();
  const auto find = [known](const std::string& name) {
    const auto found = known->find(name);
    if (found != known->end()) return found->second;
    return known->emplace(name, find_user(name)).first->second;
  };
  return Caller{.uid = *uid,
                .home = home ? home : "/",
                .name = own_name,
                .find_user = find,
                .check_program = check_program_file};
}

WorkRequest imported_request(WorkKind kind, std::string_view tag) {
  WorkRequest request = default_request(kind);
  request.max_attempts = 1;
  request.tags = {std::string(tag)};
  return request;
}

void run_as(Entry& entry, const std::string& user, const Caller& caller) {
  const auto uid = caller.find_user(user);
  if (!uid) return entry.refuse(uid.error().message + " on this machine");
  if (*uid == caller.uid) return;
  if (caller.uid != 0) return entry.refuse("it runs as " + user + ": only root can import it");
  entry.request.terms.as = user;
}

void set_variable(Entry& entry, const std::string& name, const std::string& value) {
  if (name.starts_with("WM_")) {
    entry.note(name + ": names that begin with WM_ belong to wm");
  } else {
    entry.request.env[name] = value;
  }
}

void settle(Import& import, const Caller& caller) {
  std::set<std::string> used;
  for (Entry& entry : import.entries) {
    if (!entry.is_job()) continue;
    const std::string wish = valid_job_name(entry.request.unique_name);
    entry.request.unique_name = wish;
    auto applied = as_applied(entry.request);
    if (!applied) {
      entry.refuse(applied.error().message);
    } else if (const auto there = caller.check_program(applied->command.front()); !there) {
      entry.refuse(there.error().message);
    } else {
      entry.request = std::move(*applied);
      entry.request.unique_name = unique_name(wish, used);
    }
  }
}

void write_import(std::ostream& out, const Import& import) {
  for (const std::string& line : import.head) write_comment(out, line);
  for (const Entry& entry : import.entries) {
    out << '\n';
    write_entry(out, entry);
  }
}

json::value to_json(const Import& import) {
  json::array entries;
  for (const Entry& entry : import.entries) {
    json::array notes;
    for (const std::string& note : entry.notes) notes.emplace_back(printable(note));
    json::object one{{"where", printable(entry.where)},
                     {"original", printable(entry.original, true)},
                     {"notes", std::move(notes)}};
    if (entry.is_job()) {
      one["work"] = to_json(entry.request);
    } else {
      one["refusal"] = printable(entry.refusal);
    }
    entries.push_back(std::move(one));
  }
  return json::object{{"entries", std::move(entries)}};
}

}  // namespace wm::cli
