#include <map>
#include <utility>

#include "cli/command.h"
#include "cli/work_file.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

// `Two older jobs named 'a' are left out`
std::string left_out(std::size_t count, const std::string& name) {
  const std::string number = count == 1   ? "One older job"
                             : count == 2 ? "Two older jobs"
                                          : std::to_string(count) + " older jobs";
  return number + " named '" + printable(name) + (count == 1 ? "' is" : "' are") +
         " left out: a file has one of each name.";
}

using Counts = std::map<std::pair<std::int64_t, std::string>, std::size_t>;

std::pair<std::int64_t, std::string> name_in(const json::object& work) {
  return {number_of(work, "owner"), text_of(work, "uniqueName")};
}

void write(std::ostream& out, const json::array& works) {
  Counts left;
  for (const json::value& work : works) ++left[name_in(work.as_object())];
  const Counts all = left;
  bool first = true;
  for (const json::value& value : works) {
    const json::object& work = value.as_object();
    const auto name = name_in(work);
    if (--left[name] > 0) continue;
    if (!std::exchange(first, false)) out << '\n';
    if (const std::size_t more = all.at(name) - 1; more > 0) {
      out << "# " << left_out(more, name.second) << '\n';
    }
    write_works(out, {work});
  }
}

int export_works(Session& session) {
  session.page();
  const auto works = session.collect("List", {}, "works");
  if (!works) return session.complain(works.error());
  if (session.json()) {
    session.print(*works);
  } else {
    write(session.out(), *works);
  }
  return kDone;
}

}  // namespace

Command::Run set_up_export(CLI::App& app, const CommandLine&) {
  app.footer("Example: wm export >work.toml\n         wm apply work.toml");
  return [](Session& session) { return export_works(session); };
}

}  // namespace wm::cli
