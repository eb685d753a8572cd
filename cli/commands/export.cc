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

// Counts the unfinished jobs of each name that more than one of them has.
Result<Counts> repeated_names(Session& session) {
  auto client = session.connect();
  if (!client) return std::unexpected(client.error());
  Counts counts;
  const auto done = client->stream("List", {}, [&](const json::object& page) {
    for (const json::value& work : array_of(page, "works")) ++counts[name_in(work.as_object())];
  });
  if (!done) return std::unexpected(done.error());
  std::erase_if(counts, [](const auto& one) { return one.second == 1; });
  return counts;
}

int export_works(Session& session) {
  session.page();
  const auto repeated = session.json() ? Counts() : repeated_names(session);
  if (!repeated) return session.complain(repeated.error());
  Counts left = *repeated;
  bool first = true;
  const auto done = session.print_pages({"List", {}}, "works", [&](const json::array& works) {
    for (const json::value& value : works) {
      const json::object& work = value.as_object();
      const auto count = left.find(name_in(work));
      if (count != left.end() && --count->second > 0) continue;
      if (!std::exchange(first, false)) session.out() << '\n';
      if (count != left.end()) {
        session.out() << "# " << left_out(repeated->at(count->first) - 1, count->first.second)
                      << '\n';
      }
      write_works(session.out(), {work});
    }
  });
  return done ? kDone : session.complain(done.error());
}

}  // namespace

Command::Run set_up_export(CLI::App& app, const CommandLine&) {
  app.footer("Example: wm export >work.toml\n         wm apply work.toml");
  return [](Session& session) { return export_works(session); };
}

}  // namespace wm::cli
