#include "fleet/names.h"

#include "core/json_fields.h"
#include "core/suggest.h"

namespace wm::fleet {

namespace json = boost::json;

namespace {

// `names`: a question whose answer is a list of them.
Error no_such(Context& context, const std::string& what, const std::string& name, const char* names,
              const char* all) {
  std::string meant;
  if (Database* const database = context.database()) {
    const auto known = database->ask(names);
    const std::vector<std::string> list =
        known && known->is_array() ? texts_of(known->get_array()) : std::vector<std::string>{};
    const std::vector<std::string_view> views(list.begin(), list.end());
    meant = closest(name, views);
  }
  return {ErrorCode::not_found,
          "no such " + what + ": '" + name + "': " +
              (meant.empty() ? "see " + std::string(all) : "did you mean '" + meant + "'?")};
}

}  // namespace

Error no_such_work(Context& context, const std::string& name) {
  return no_such(context, "work", name,
                 "select coalesce(jsonb_agg(name), '[]') from"
                 " (select name from wm.work order by work_id desc limit 10000) a",
                 "wm-fleet list --all");
}

Error no_such_node(Context& context, const std::string& name) {
  return no_such(context, "node", name,
                 "select coalesce(jsonb_agg(name), '[]') from"
                 " (select name from wm.node where revoked_at is null limit 10000) a",
                 "wm-fleet nodes");
}

std::optional<bool> has_node(Context& context, const std::string& name) {
  const auto known =
      context.ask("select to_jsonb(exists (select from wm.node where name = $1))", {name});
  if (!known) return std::nullopt;
  return known->is_bool() && known->get_bool();
}

}  // namespace wm::fleet
