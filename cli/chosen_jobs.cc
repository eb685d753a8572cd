#include "cli/chosen_jobs.h"

#include <utility>

#include <unistd.h>

#include "core/json_fields.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

Result<json::array> own_jobs(Session& session, json::object question) {
  auto works = session.collect("List", std::move(question), "works");
  if (!works || !session.owner().empty()) return works;
  json::array own;
  for (json::value& work : *works) {
    if (std::cmp_equal(number_of(work.as_object(), "owner"), ::geteuid())) {
      own.push_back(std::move(work));
    }
  }
  return own;
}

Result<std::vector<std::string>> names_with_tag(Session& session, const std::string& tag,
                                                json::array states) {
  const auto works = own_jobs(session, {{"tags", {tag}}, {"states", std::move(states)}});
  if (!works) return std::unexpected(works.error());
  std::vector<std::string> names;
  for (const json::value& work : *works) names.push_back(text_of(work.as_object(), "uniqueName"));
  return names;
}

std::string none_with_tag(std::string_view what, const std::string& tag) {
  return "no " + std::string(what) + " jobs" +
         (tag.empty() ? "" : " with the tag '" + printable(tag) + "'");
}

}  // namespace wm::cli
