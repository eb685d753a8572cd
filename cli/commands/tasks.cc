#include "cli/command.h"
#include "cli/render/table.h"
#include "cli/render/work.h"
#include "cli/shell_words.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

int tasks(Session& session) {
  const auto answer = session.ask("Tasks", {});
  if (!answer) return session.complain(answer.error());
  const json::array& list = array_of(*answer, "tasks");
  if (session.json()) {
    session.print(list);
    return kDone;
  }
  if (list.empty()) {
    session.hint("the configuration declares no tasks: add [tasks.NAME] to wmd.toml");
    return kDone;
  }
  session.page();
  Table table({{"TASK", nullptr, 0, 8, true}, {"COMMAND", nullptr, 1, 20}});
  for (const json::value& value : list) {
    const json::object& task = value.as_object();
    const json::value* dispatcher = task.if_contains("dispatcher");
    const bool dispatches = dispatcher && dispatcher->is_bool() && dispatcher->get_bool();
    table.add({text_of(task, "name"),
               shell_line(texts_of(task, "command")) + (dispatches ? " TASK" : "")});
  }
  table.print(session.out(), session.style(), terminal_width());
  return kDone;
}

}  // namespace

Command::Run set_up_tasks(CLI::App& app, const CommandLine&) {
  app.footer("Example: wm tasks");
  return tasks;
}

}  // namespace wm::cli
