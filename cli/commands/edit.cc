#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <sstream>

#include <unistd.h>

#include "cli/command.h"
#include "cli/editor.h"
#include "cli/work_file.h"
#include "core/json_fields.h"
#include "core/request_json.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr std::string_view kNote = "# wm: ";  // Begins the lines of an error.

// The change from one object to another, by RFC 7396.
json::object patch_between(const json::object& from, const json::object& to) {
  json::object patch;
  for (const auto& [key, value] : from) {
    if (!to.contains(key)) patch[key] = nullptr;
  }
  for (const auto& [key, value] : to) {
    const json::value* const before = from.if_contains(key);
    if (before && *before == value) continue;
    if (before && before->is_object() && value.is_object()) {
      patch[key] = patch_between(before->get_object(), value.get_object());
    } else {
      patch[key] = value;
    }
  }
  return patch;
}

std::string without_notes(const std::string& text) {
  std::istringstream lines(text);
  std::string rest;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kNote)) rest += line + '\n';
  }
  return rest;
}

// The error without the name of a file that is there only while it is edited: `line 8: …`.
std::string without_file(const std::string& message, const std::string& file) {
  return message.starts_with(file + ": ") ? message.substr(file.size() + 2) : message;
}

// The text with the error above the line that it names, or above all.
std::string with_note(const std::string& text, const std::string& message) {
  constexpr std::string_view kLine = "line ";
  std::size_t lines = 0;
  if (message.starts_with(kLine)) {
    const std::string_view number = std::string_view(message).substr(kLine.size());
    lines = parse_number<std::size_t>(number.substr(0, number.find(':'))).value_or(1) - 1;
  }
  std::size_t at = 0;
  for (; lines > 0 && at < text.size(); --lines) {
    at = std::min(text.find('\n', at), text.size() - 1) + 1;
  }
  return text.substr(0, at) + std::string(kNote) + printable(message) + '\n' + text.substr(at);
}

class Edit {
 public:
  explicit Edit(Session& session) : session_(session) {}

  Result<> read(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      auto answer = session_.ask("Show", {{"uniqueName", name}});
      if (!answer) return std::unexpected(answer.error());
      const json::object& work = object_of(*answer, "work");
      const auto state = parse_word<WorkState>(text_of(work, "state"));
      if (state && is_finished(*state)) {
        return fail(ErrorCode::refused,
                    "'" + name + "' has ended: register it again, or see wm retry");
      }
      const auto request = request_among(work);
      if (!request) return std::unexpected(request.error());
      works_.push_back(work);
      before_[name] = to_json(*request);
    }
    return {};
  }

  std::string text() const {
    std::ostringstream out;
    out << "# Change the values, save and leave. Lines that are removed get their defaults back;\n"
           "# man wm has all keys. Without a change nothing happens.\n\n";
    write_works(out, works_);
    return out.str();
  }

  // Changes what the text changes. An error begins with its place in the text, which is in `path`.
  Result<> change(const std::string& text, const std::string& path) {
    const auto declared = parse_works(text, path);
    if (!declared) return std::unexpected(declared.error());
    for (const DeclaredWork& one : *declared) {
      const std::string& name = one.request.unique_name;
      if (before_.contains(name)) continue;
      return fail(ErrorCode::invalid, one.where + ": there is no '" + name +
                                          "' to edit: a name stays, and wm apply adds jobs");
    }
    for (const DeclaredWork& one : *declared) {
      if (auto changed = change(one.request); !changed) {
        return fail(changed.error().code, one.where + ": " + changed.error().message);
      }
    }
    return {};
  }

  std::size_t changed() const { return changed_; }

 private:
  Result<> change(const WorkRequest& request) {
    const std::string& name = request.unique_name;
    json::object after = to_json(request);
    json::object patch = patch_between(before_[name], after);
    if (patch.empty()) return {};
    const auto answer =
        session_.ask("Update", {{"uniqueName", name}, {"changes", std::move(patch)}});
    if (!answer) return std::unexpected(answer.error());
    before_[name] = std::move(after);
    ++changed_;
    if (session_.json()) {
      session_.print(object_of(*answer, "work"));
    } else {
      session_.out() << "updated '" << printable(name) << "'\n";
    }
    return {};
  }

  Session& session_;
  json::array works_;
  std::map<std::string, json::object> before_;
  std::size_t changed_ = 0;
};

// The editor opens again as long as there is an error. It ends when people leave without a change,
// or at once if there are none who could see the error.
int edit(Session& session, const std::vector<std::string>& names) {
  Edit edit(session);
  if (auto read = edit.read(names); !read) return session.complain(read.error());
  auto file = EditedText::create();
  if (!file) return session.complain(file.error());
  std::string text = edit.text();
  std::optional<Error> problem;
  for (;;) {
    const auto edited = file->edit(problem ? with_note(text, problem->message) : text);
    if (!edited) return session.complain(edited.error());
    std::string changed = without_notes(*edited);
    if (changed == text) break;
    text = std::move(changed);
    const auto done = edit.change(text, file->path());
    if (done) {
      if (edit.changed() == 0) session.hint("nothing is changed");
      return kDone;
    }
    problem = Error{done.error().code, without_file(done.error().message, file->path())};
    session.complain(*problem);
    if (problem->code == ErrorCode::unreachable || ::isatty(STDIN_FILENO) == 0) break;
  }
  if (!problem) {
    session.hint("nothing is changed");
    return kDone;
  }
  file->keep();
  session.hint("your text is in " + file->path());
  return exit_status(problem->code);
}

}  // namespace

Command::Run set_up_edit(CLI::App& app, const CommandLine&) {
  auto names = std::make_shared<std::vector<std::string>>();
  app.add_option("NAME", *names, "The jobs' unique names")->required()->type_name("");
  app.footer(
      "Opens them as TOML in $VISUAL or $EDITOR, and changes what you change. If the\n"
      "text has an error, the editor opens again, with the error where it is.\n"
      "Example: wm edit nightly-backup");
  return [names](Session& session) { return edit(session, *names); };
}

}  // namespace wm::cli
