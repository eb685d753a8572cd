#include "cli/import/free_names.h"

#include <algorithm>
#include <set>

#include "core/json_fields.h"
#include "core/request_json.h"

namespace wm::cli {
namespace {

class NameChoice {
 public:
  NameChoice(Client& client, const Import& import) : client_(client) {
    for (const Entry& entry : import.entries) {
      if (entry.is_job()) taken_.insert(entry.request.unique_name);
    }
  }

  Result<> choose(Entry& entry) {
    const std::string wish = entry.request.unique_name;
    std::string free;  // The first that no other job has.
    for (int number = 1;; ++number) {
      const std::string name = number == 1 ? wish : wish + "-" + std::to_string(number);
      if (number > 1 && taken_.contains(name)) continue;
      const auto use = use_of(name, entry.request, number > 1);
      if (!use) return std::unexpected(use.error());
      if (*use == Use::same) return take(entry, wish, name);
      // The number that an earlier import gave is the next one, if the name is free by now.
      if (!free.empty()) return take(entry, wish, free);
      if (*use == Use::none) free = name;
    }
  }

 private:
  enum class Use : std::uint8_t { none, same, other };

  Result<> take(Entry& entry, const std::string& wish, const std::string& name) {
    taken_.insert(name);
    entry.request.unique_name = name;
    if (name != wish) entry.note("named '" + name + "': there is another job '" + wish + "'");
    return {};
  }

  // Under a number, a job that was imported is the same if its command is.
  Result<Use> use_of(const std::string& name, const WorkRequest& request, bool numbered) {
    const auto answer = client_.call("Show", {{"uniqueName", name}});
    if (!answer && answer.error().code == ErrorCode::not_found) return Use::none;
    if (!answer) return std::unexpected(answer.error());
    const boost::json::object& work = object_of(*answer, "work");
    const auto known = request_among(work);
    if (!known) return std::unexpected(known.error());
    const bool imported = std::ranges::count(known->tags, request.tags.front()) > 0;
    if (imported && (!numbered || known->command == request.command)) return Use::same;
    const auto state = parse_word<WorkState>(text_of(work, "state"));
    const bool over = state == WorkState::succeeded || state == WorkState::cancelled;
    return over ? Use::none : Use::other;
  }

  Client& client_;
  std::set<std::string> taken_;
};

}  // namespace

Result<> choose_free_names(Session& session, Import& import) {
  auto client = session.connect();
  if (!client) return std::unexpected(client.error());
  NameChoice choice(*client, import);
  for (Entry& entry : import.entries) {
    if (!entry.is_job()) continue;
    if (auto chosen = choice.choose(entry); !chosen) return chosen;
  }
  return {};
}

}  // namespace wm::cli
