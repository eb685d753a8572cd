#include "cli/run_side.h"

#include <cstdlib>

namespace wm::cli {

int report(Session& session, std::string_view method, boost::json::object parameters) {
  const char* const id = std::getenv("WM_WORK_ID");
  if (!id || !*id) {
    return session.complain(
        {ErrorCode::refused,
         "this is not a run: WM_WORK_ID is not set, which wmd sets for its tasks"});
  }
  parameters["id"] = id;
  const auto answer = session.ask(method, std::move(parameters));
  return answer ? kDone : session.complain(answer.error());
}

}  // namespace wm::cli
