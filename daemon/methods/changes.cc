#include "daemon/methods/changes.h"

#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "core/messages.h"
#include "daemon/methods/pages.h"
#include "daemon/methods/patch.h"
#include "daemon/methods/registrations.h"
#include "daemon/turn/admission.h"

namespace wm {

namespace json = boost::json;

// Decides in the turn, and answers with the job or with the error.
void Changes::change_work(const ExchangePtr& exchange, const std::string& name,
                          std::function<Result<>(WorkId, TimePoint)> body) {
  auto found = std::make_shared<std::optional<WorkId>>();
  auto outcome = std::make_shared<Result<>>();
  pending_.push_back(
      {exchange,
       [this, exchange, name, body = std::move(body), found, outcome](TimePoint now) {
         *found = store_.find(exchange->peer().uid, name);
         if (!*found) return;
         manager_.touch(**found);
         *outcome = body(**found, now);
       },
       [this, exchange, name, found, outcome](TimePoint now) -> std::function<void()> {
         if (!*found) return [this, exchange, name] { no_such_work(*exchange, store_, name); };
         if (!*outcome) return refusing(exchange, outcome->error());
         return replying(exchange, views_.reply_with(**found, now));
       }});
}

void Changes::update(const ExchangePtr& exchange) {
  std::string name;
  json::object changes;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("uniqueName", name).read("changes", changes);
      })) {
    return;
  }
  for (const char* const fixed : {"uniqueName", "kind", "prerequisites"}) {
    if (changes.contains(fixed)) {
      return exchange->error(
          Error{ErrorCode::invalid, std::string(fixed) + " cannot be changed by an update"});
    }
  }
  Trigger trigger;
  JsonReader reader(changes);
  reader.read("onPath", trigger.paths);
  std::vector<PathWatches::Globs> list;
  if (!trigger.paths.empty()) list.push_back(trigger.paths);
  const auto decide = [=, this](const Inspector::Fingerprints& seen) {
    change_work(exchange, name, [=, this](WorkId id, TimePoint now) {
      return update_work(id, changes, exchange->peer(), seen, now);
    });
  };
  const auto see = [=, this] { inspector_.see_paths(exchange, list, decide); };
  // Only the program of the job in its present form is looked at. The turn finds all other errors.
  const auto id = store_.find(exchange->peer().uid, name);
  if (!id || !manager_.scheduler().find(*id)) return see();
  const auto request = updated(store_.recorded(*id), changes, exchange->peer());
  if (!request) return see();
  inspector_.see_program(exchange, *request, see);
}

Result<> Changes::update_work(WorkId id, const json::object& changes, const Peer& peer,
                              const Inspector::Fingerprints& seen, TimePoint now) {
  const WorkInfo info = store_.recorded(id);
  const Work* current = manager_.scheduler().find(id);
  if (!current || is_finished(current->state)) {
    return fail(ErrorCode::refused, "'" + info.request.unique_name +
                                        "' has ended: only unfinished jobs can be updated");
  }
  auto request = updated(info, changes, peer);
  if (!request) return std::unexpected(request.error());
  Registration registration{peer.uid, "", std::move(*request), ExistingPolicy::update};
  if (!seen.empty()) registration.paths_seen = seen.front();
  const auto done = manager_.registrar().add(registration, now);
  return done ? Result<>() : std::unexpected(done.error());
}

Result<WorkRequest> Changes::updated(const WorkInfo& info, const json::object& changes,
                                     const Peer& peer) const {
  json::object merged = to_json(info.request);
  patch_request(merged, changes);
  return checked_request(merged, settings_, peer);
}

void Changes::cancel(const ExchangePtr& exchange) {
  std::vector<std::string> more;
  std::string tag;
  bool all = false;
  PartOfList part;
  if (!read_part(*exchange, part, [&](JsonReader& reader) {
        reader.read("uniqueNames", more).read("tag", tag).read("all", all);
      })) {
    return;
  }
  const auto parts = take_parts<std::string>(*exchange, part);
  if (!parts) return exchange->error(parts.error());
  const std::shared_ptr<Parts<std::string>>& named = *parts;
  const std::size_t room = named->bytes() + room_.left_for(exchange->peer().uid);
  for (std::string& name : more) {
    if (name.empty()) return exchange->error(Error{ErrorCode::invalid, "a job's name is empty"});
    const std::size_t bytes = sizeof(std::string) + name.size();
    named->add(std::move(name), bytes);
    if (named->bytes() > room) return exchange->error(room_.exceeded());
  }
  if ((named->list.empty() ? 0 : 1) + (tag.empty() ? 0 : 1) + (all ? 1 : 0) != 1 ||
      (part.part && named->list.empty())) {
    return exchange->error(Error{ErrorCode::invalid, "name jobs, or a tag, or all: one of these"});
  }
  if (!part.part) return cancel_all(exchange, named, tag);
  exchange->kept() = named;
  exchange->reply({{"works", json::array()}});
}

void Changes::cancel_all(const ExchangePtr& exchange,
                         const std::shared_ptr<Parts<std::string>>& named, const std::string& tag) {
  auto ids = std::make_shared<std::vector<WorkId>>();
  auto unknown = std::make_shared<std::string>();
  auto also = std::make_shared<Dependents>();
  pending_.push_back({exchange,
                      [=, this](TimePoint now) {
                        const auto& names = named->list;
                        *ids = names.empty() ? store_.unfinished(visible_to(exchange->peer()), tag)
                                             : works_named(names, exchange->peer().uid, *unknown);
                        const bool all = names.empty() && tag.empty();
                        if (!all) *also = dependents_of(*ids);
                        for (const WorkId id : *ids) manager_.cancel(id, now);
                        if (!names.empty())
                          std::ranges::for_each(*ids, [&](WorkId id) { manager_.touch(id); });
                      },
                      [=, this](TimePoint now) -> std::function<void()> {
                        if (!unknown->empty())
                          return [=, this] { no_such_work(*exchange, store_, *unknown); };
                        return [=, this] { send_works(exchange, ids, also, now); };
                      }});
}

void Changes::send_works(const ExchangePtr& exchange,
                         const std::shared_ptr<std::vector<WorkId>>& ids,
                         const std::shared_ptr<Dependents>& also, TimePoint now) {
  exchange->stream([this, ids, also, now, next = std::size_t{0}]() mutable {
    return page_of(*ids, *also, next, now);
  });
}

// The number of unfinished jobs that come after each of them, directly or not, and are not among
// them. One that comes after several counts once.
Changes::Dependents Changes::dependents_of(const std::vector<WorkId>& ids) const {
  const Scheduler& scheduler = manager_.scheduler();
  std::unordered_set<WorkId> seen(ids.begin(), ids.end());
  Dependents counts;
  for (const WorkId id : ids) {
    for (std::vector<WorkId> to_do{id}; !to_do.empty();) {
      const WorkId one = to_do.back();
      to_do.pop_back();
      for (const WorkId dependent : scheduler.dependents_of(one)) {
        const Work* const work = scheduler.find(dependent);
        if (!work || is_finished(work->state) || !seen.insert(dependent).second) continue;
        ++counts[id];
        to_do.push_back(dependent);
      }
    }
  }
  return counts;
}

// Leaves out jobs that are no longer on record. It reads a few at a time, because a few may fill
// the page.
Exchange::Page Changes::page_of(const std::vector<WorkId>& ids, const Dependents& also,
                                std::size_t& next, TimePoint now) const {
  constexpr std::size_t kReadAtOnce = 20;
  json::array works;
  std::size_t weight = 0;
  while (next < ids.size() && std::cmp_less(works.size(), kPageLength) && weight < kPageWeight) {
    const auto asked = std::span(ids).subspan(next, std::min(ids.size() - next, kReadAtOnce));
    for (const WorkInfo& info : store_.infos(asked)) {
      weight += weight_of(info.request);
      json::object work = views_.show(info, now);
      if (const auto more = also.find(info.work.id); more != also.end()) {
        work["alsoCancelled"] = more->second;
      }
      works.push_back(std::move(work));
    }
    next += asked.size();
  }
  return {{{"works", std::move(works)}}, next < ids.size()};
}

// The jobs with those names, and those appended to them. If one of the names is `unknown`, the list
// is empty and `unknown` is set.
std::vector<WorkId> Changes::works_named(const std::vector<std::string>& names, uid_t owner,
                                         std::string& unknown) const {
  std::vector<WorkId> ids;
  unknown.clear();
  for (const std::string& name : names) {
    const auto [holder, unfinished] = store_.record_of(owner, name);
    if (!holder) {
      unknown = name;
      return {};
    }
    ids.insert(ids.end(), unfinished.begin(), unfinished.end());
    if (unfinished.empty()) ids.push_back(*holder);
  }
  return ids;
}

void Changes::retry(const ExchangePtr& exchange) {
  std::string name;
  std::vector<std::string> names;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("uniqueName", name).read("uniqueNames", names);
      })) {
    return;
  }
  if (name.empty() == names.empty()) {
    return exchange->error(
        Error{ErrorCode::invalid, "uniqueName or uniqueNames is needed: give one of them"});
  }
  if (!names.empty()) return retry_all(exchange, names);
  change_work(exchange, name, [this, exchange](WorkId id, TimePoint now) {
    return retry_works(*exchange, {id}, now);
  });
}

Result<> Changes::retry_works(const Exchange& exchange, const std::vector<WorkId>& ids,
                              TimePoint now) {
  for (const WorkId id : ids) {
    const WorkInfo info = store_.recorded(id);
    auto permitted = check_permitted(info.request, settings_.permissions, exchange.peer().uid);
    if (!permitted) return permitted;
  }
  return manager_.registrar().retry(ids, now);
}

void Changes::retry_all(const ExchangePtr& exchange, const std::vector<std::string>& names) {
  auto ids = std::make_shared<std::vector<WorkId>>();
  auto unknown = std::make_shared<std::string>();
  auto outcome = std::make_shared<Result<>>();
  pending_.push_back({exchange,
                      [=, this](TimePoint now) {
                        std::set<WorkId> found;
                        for (const std::string& name : names) {
                          const auto id = store_.find(exchange->peer().uid, name);
                          if (!id) {
                            *unknown = name;
                            return;
                          }
                          manager_.touch(*id);
                          if (found.insert(*id).second) ids->push_back(*id);
                        }
                        *outcome = retry_works(*exchange, *ids, now);
                      },
                      [=, this](TimePoint now) -> std::function<void()> {
                        if (!unknown->empty())
                          return [=, this] { no_such_work(*exchange, store_, *unknown); };
                        if (!*outcome) return refusing(exchange, outcome->error());
                        return [=, this] {
                          send_works(exchange, ids, std::make_shared<Dependents>(), now);
                        };
                      }});
}

void Changes::run(const ExchangePtr& exchange) {
  std::string name;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("uniqueName", name); })) {
    return;
  }
  change_work(exchange, name,
              [this](WorkId id, TimePoint now) { return manager_.registrar().run_now(id, now); });
}

namespace {

// Only without a group, not with one that has no name, are all meant.
bool names_group(const ExchangePtr& exchange, const std::optional<std::string>& group) {
  if (group != "") return true;
  exchange->error(
      Error{ErrorCode::invalid, "the group's name is empty: leave group out to mean everything"});
  return false;
}

}  // namespace

void Changes::pause(const ExchangePtr& exchange) {
  std::optional<std::string> named;
  std::optional<Duration> time;
  if (!may_rule(*exchange, "pause jobs") || !read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("group", named).read("forMs", time);
      })) {
    return;
  }
  if (!names_group(exchange, named)) return;
  const std::string group = named.value_or("");
  if (time && *time <= Duration::zero()) {
    return exchange->error(Error{ErrorCode::invalid,
                                 "a pause of " + format_duration(*time) +
                                     " is over at once: give a longer time such as 2h, or none, to "
                                     "pause until wm resume"});
  }
  pending_.push_back({exchange,
                      [this, group, time](TimePoint now) {
                        manager_.pause(group, time ? std::optional(now + *time) : std::nullopt);
                      },
                      [this, exchange, group](TimePoint) {
                        json::object answer{{"paused", to_json(manager_.scheduler().pauses())}};
                        if (!group.empty() && !has_jobs(group)) answer["empty"] = true;
                        return replying(exchange, std::move(answer));
                      }});
}

// True if an unfinished job is in that group.
bool Changes::has_jobs(const std::string& group) const {
  return std::ranges::any_of(manager_.scheduler().rows(), [&](const auto& row) {
    return row.second.work.policy.get().group == group;
  });
}

void Changes::resume(const ExchangePtr& exchange) {
  std::optional<std::string> named;
  if (!may_rule(*exchange, "resume jobs") ||
      !read_parameters(*exchange, [&](JsonReader& reader) { reader.read("group", named); }) ||
      !names_group(exchange, named)) {
    return;
  }
  const std::string group = named.value_or("");
  auto resumed = std::make_shared<Pauses>();
  pending_.push_back({exchange,
                      [this, group, resumed](TimePoint) {
                        const Pauses& pauses = manager_.scheduler().pauses();
                        if (const auto one = pauses.find(group); one != pauses.end()) {
                          resumed->insert(*one);
                        }
                        manager_.resume(group);
                      },
                      [this, exchange, resumed](TimePoint) {
                        return replying(exchange,
                                        {{"paused", to_json(manager_.scheduler().pauses())},
                                         {"resumed", to_json(*resumed)}});
                      }});
}

void Changes::prune(const ExchangePtr& exchange) {
  std::optional<std::string> state;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("state", state); })) return;
  if (state) return prune_state(exchange, *state);
  prune_after(exchange, 0, 0);
}

// Goes on after that job, turn by turn. `before` were forgotten in earlier turns.
void Changes::prune_after(const ExchangePtr& exchange, WorkId after, std::size_t before) {
  auto pruned = std::make_shared<Pruned>();
  pending_.push_back({exchange,
                      [this, exchange, after, pruned](TimePoint) {
                        manager_.prune(visible_to(exchange->peer()), after,
                                       [pruned](const Pruned& forgotten) { *pruned = forgotten; });
                      },
                      [this, exchange, before, pruned](TimePoint) -> std::function<void()> {
                        const std::size_t count = before + pruned->works.size();
                        if (!pruned->reached) return replying(exchange, {{"forgotten", count}});
                        return [this, exchange, reached = *pruned->reached, count] {
                          if (!exchange->abandoned()) prune_after(exchange, reached, count);
                        };
                      }});
}

void Changes::prune_state(const ExchangePtr& exchange, const std::string& name) {
  auto outcome = std::make_shared<Result<>>();
  pending_.push_back({exchange,
                      [this, exchange, name, outcome](TimePoint) {
                        *outcome = manager_.forget_state(exchange->peer().uid, name);
                      },
                      [exchange, outcome](TimePoint) {
                        if (!*outcome) return refusing(exchange, outcome->error());
                        return replying(exchange, {{"forgotten", 0}});
                      }});
}

}  // namespace wm
