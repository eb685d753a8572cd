#include "daemon/turn/running_child.h"

#include "core/messages.h"

namespace wm {

namespace json = boost::json;

json::object to_json(const HandedChild& handed) {
  const RunningChild& child = handed.child;
  json::object object{{"work", handed.work},
                      {"uuid", child.uuid},
                      {"user", std::int64_t{child.user}},
                      {"exitRules", to_json(child.exit_rules)},
                      {"output", child.output},
                      {"suspended", child.suspended},
                      {"successor", handed.successor},
                      {"policy", to_json(handed.policy)},
                      {"heardMs", handed.heard.count()}};
  if (child.progress) object["progress"] = to_json(*child.progress);
  return object;
}

HandedChild handed_child_from_json(const json::object& object) {
  HandedChild handed;
  RunningChild& child = handed.child;
  std::int64_t user = 0;
  std::int64_t heard = 0;
  json::object exit_rules;
  json::object policy;
  std::optional<json::object> progress;
  JsonReader(object)
      .read("work", handed.work)
      .read("uuid", child.uuid)
      .read("user", user)
      .read("exitRules", exit_rules)
      .read("output", child.output)
      .read("suspended", child.suspended)
      .read("successor", handed.successor)
      .read("policy", policy)
      .read("heardMs", heard)
      .read("progress", progress);
  child.user = static_cast<uid_t>(user);
  child.exit_rules = exit_rules_from_json(exit_rules).value_or(ExitRules{});
  handed.heard = Duration{heard};
  handed.policy = policy_from_json(policy).value_or(Policy{});
  if (progress) child.progress = progress_from_json(*progress);
  return handed;
}

}  // namespace wm
