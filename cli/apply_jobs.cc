#include "cli/apply_jobs.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "cli/caller.h"
#include "cli/sums.h"
#include "config/read_file.h"
#include "core/json_fields.h"
#include "core/request_json.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

void hint_at_doubts(Session& session, const std::vector<DeclaredWork>& declared) {
  for (const DeclaredWork& one : declared) {
    for (const std::string& doubt : doubts_of(one.request)) {
      session.hint(printable(one.where) + ": " + doubt);
    }
  }
}

}  // namespace

Result<std::vector<DeclaredWork>> read_works(const std::vector<std::string>& paths) {
  std::vector<DeclaredWork> works;
  for (const std::string& path : paths) {
    const bool from_input = path == "-";
    const auto text = from_input ? read_text("FILE", path) : read_file(path);
    if (!text) return fail(ErrorCode::invalid, text.error().message);
    auto declared = parse_works(*text, from_input ? "stdin" : path);
    if (!declared) return declared;
    std::ranges::move(*declared, std::back_inserter(works));
  }
  if (!works.empty()) return works;
  // With --prune, an empty file would cancel everything.
  const std::string what = paths.size() > 1       ? "these files declare"
                           : paths.front() == "-" ? "standard input declares"
                                                  : paths.front() + " declares";
  return fail(ErrorCode::invalid, what + " no [[work]]: jobs are cancelled by wm cancel");
}

Session::Question apply_question(const std::vector<DeclaredWork>& declared, ApplyTerms terms) {
  json::array works;
  works.reserve(declared.size());
  for (const DeclaredWork& one : declared) {
    works.push_back({{"work", to_json(one.request)}, {"where", one.where}});
  }
  json::object parameters{{"works", std::move(works)}, {"prune", terms.prune}};
  if (terms.imported) parameters["imported"] = true;
  if (terms.dry_run) parameters["dryRun"] = true;
  return {"Apply", std::move(parameters), "works"};
}

int apply_jobs(Session& session, const std::vector<DeclaredWork>& declared, ApplyTerms terms) {
  hint_at_doubts(session, declared);
  std::size_t unchanged = 0;
  std::map<std::string, std::size_t> sums;
  const std::string_view would = terms.dry_run ? "would be " : "";
  const auto count = session.print_pages(
      apply_question(declared, terms), "results", [&](const json::array& results) {
        for (const json::value& value : results) {
          const json::object& one = value.as_object();
          const std::string result = text_of(one, "result");
          if (result == "unchanged") {
            ++unchanged;
          } else {
            ++sums[std::string(would) + result];
            session.out() << would << result << " '" << printable(text_of(one, "uniqueName"))
                          << "'\n";
          }
        }
      });
  if (!count) return session.complain(count.error());
  if (session.json()) return kDone;
  print_sum(session, sums);
  if (unchanged > 0) session.out() << unchanged << " unchanged\n";
  return kDone;
}

}  // namespace wm::cli
