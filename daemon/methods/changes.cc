// The changes: decided in the turn's transaction, and answered once it is on disk.
#include <algorithm>
#include <span>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "core/messages.h"
#include "daemon/methods/calls.h"
#include "daemon/methods/methods.h"
#include "daemon/methods/parts.h"
#include "daemon/turn/admission.h"

namespace wm {

namespace json = boost::json;

namespace {

std::string new_uuid() {
  static boost::uuids::random_generator generator;
  return to_string(generator());
}

Result<WorkRequest> checked_request(const json::object& work, const Settings& settings,
                                    const Peer& peer) {
  auto request = request_from_json(work);
  if (!request) return request;
  if (auto valid = check_request(*request, settings, peer.uid); !valid) {
    return std::unexpected(valid.error());
  }
  return request;
}

// Two fields that say the same thing in two ways: who sets one, drops the other.
constexpr std::pair<std::string_view, std::string_view> kAlternatives[]{
    {"calendar", "everyMs"}, {"calendar", "flexMs"},   {"calendar", "cadence"},
    {"everyMs", "calendar"}, {"at", "initialDelayMs"}, {"initialDelayMs", "at"},
    {"taskName", "command"}, {"command", "taskName"},
};

// RFC 7396: null removes a field, an object changes its fields, anything else takes the place of
// what was there.
void merge_patch(json::object& target, const json::object& patch) {
  for (const auto& [key, value] : patch) {
    if (value.is_null()) {
      target.erase(key);
    } else if (value.is_object()) {
      json::value& member = target[key];
      merge_patch(member.is_object() ? member.get_object() : member.emplace_object(),
                  value.get_object());
    } else {
      target[key] = value;
    }
  }
}

void patch_request(json::object& request, const json::object& patch) {
  merge_patch(request, patch);
  for (const auto& [set, dropped] : kAlternatives) {
    const json::value* value = patch.if_contains(set);
    if (value && !value->is_null() && !patch.contains(dropped)) request.erase(dropped);
  }
}

// Sends that once it may be sent.
std::function<void()> replying(const std::shared_ptr<Exchange>& exchange, json::object parameters) {
  return [exchange, parameters = std::move(parameters)]() mutable {
    exchange->reply(std::move(parameters));
  };
}

std::function<void()> refusing(const std::shared_ptr<Exchange>& exchange, const Error& problem) {
  return [exchange, problem] { exchange->error(problem); };
}

// The error of what is declared there.
Error told_of(const std::string& where, Error error) {
  if (!where.empty()) error.message = where + ": " + error.message;
  return error;
}

// Reads the parameters of a call that brings a part of a list. Without it, those before it are of
// no use.
template <class Read>
bool read_list(Exchange& exchange, PartOfList& part, Read read) {
  const bool done = read_parameters(exchange, [&](JsonReader& reader) {
    read(reader.read("part", part.part).read("before", part.before));
  });
  if (!done) exchange.kept().reset();
  return done;
}

// The result for one work that a file declares, or declares no longer.
struct AppliedWork {
  std::string unique_name;
  RegisterResult result = RegisterResult::unchanged;
};

// A call of the largest size has an answer of one page.
constexpr std::size_t kResultsWeight = std::size_t{900} << 10;

Exchange::Page page_of(const std::vector<AppliedWork>& all, std::size_t& next) {
  json::array results;
  for (std::size_t weight = 0; next < all.size() && weight < kResultsWeight; ++next) {
    const auto& [name, result] = all[next];
    weight += name.size() + 48;
    results.push_back({{"uniqueName", name}, {"result", word(result)}});
  }
  return {{{"results", std::move(results)}}, next < all.size()};
}

// The paths of those that wait for some …
std::vector<PathWatches::Globs> paths_of(std::span<const Registration> registrations) {
  std::vector<PathWatches::Globs> list;
  for (const Registration& one : registrations) {
    const auto& paths = one.request.trigger.paths;
    if (!paths.empty()) list.push_back(paths);
  }
  return list;
}

// … and what was seen of them.
void remember(std::span<Registration> registrations, const std::vector<std::int64_t>& seen) {
  auto next = seen.begin();
  for (Registration& one : registrations) {
    if (!one.request.trigger.paths.empty()) one.paths_seen = *next++;
  }
}

}  // namespace

// Decides in the turn, and answers with the work or with what refused it.
void Methods::change_work(const ExchangePtr& exchange, const std::string& name,
                          std::function<Result<>(WorkId, TimePoint)> body) {
  auto found = std::make_shared<std::optional<WorkId>>();
  auto outcome = std::make_shared<Result<>>();
  changes_.push_back(
      {exchange,
       [this, exchange, name, body = std::move(body), found, outcome](TimePoint now) {
         *found = store_.find(exchange->peer().uid, name);
         if (!*found) return;
         manager_.touch(**found);
         *outcome = body(**found, now);
       },
       [this, exchange, name, found, outcome](TimePoint now) -> std::function<void()> {
         if (!*found) return [exchange, name] { no_such_work(*exchange, name); };
         if (!*outcome) return refusing(exchange, outcome->error());
         return replying(exchange, work_reply(**found, now));
       }});
}

// Goes on with what is there now of the paths that work is to wait for, so that every change from
// its registration on counts; or answers why they cannot be watched.
void Methods::see_paths(const ExchangePtr& exchange, std::vector<PathWatches::Globs> list,
                        std::function<void(const Fingerprints&)> then) {
  if (list.empty()) return then({});
  paths_.look(exchange->peer().uid, std::move(list),
              [exchange, then = std::move(then)](const Result<Fingerprints>& seen) {
                if (!seen) return exchange->error(seen.error());
                then(*seen);
              });
}

// Goes on once the programs are looked at.
void Methods::see_programs(const ExchangePtr& exchange, std::vector<UsersCommand> commands,
                           ProgramChecks::Done then) {
  operations_.look_at_programs(
      exchange->peer().uid, std::move(commands),
      [exchange, then = std::move(then)](const std::vector<Result<>>& results) {
        answer_alone(*exchange, [&] { then(results); });
      });
}

// Goes on if the request's program is there; or answers why it is not.
void Methods::see_program(const ExchangePtr& exchange, const WorkRequest& request,
                          std::function<void()> then) {
  auto command = command_of(request, settings_, exchange->peer().uid);
  if (!command) return exchange->error(command.error());
  see_programs(exchange, {std::move(*command)},
               [exchange, then = std::move(then)](const std::vector<Result<>>& results) {
                 if (!results.front()) return exchange->error(results.front().error());
                 then();
               });
}

// One that is wrong in itself is answered, and left out.
void Methods::register_works(const std::vector<ExchangePtr>& calls) {
  auto list = std::make_shared<std::vector<Registering>>();
  for (const ExchangePtr& exchange : calls) {
    answer_alone(*exchange, [&] {
      auto registering = read_registration(exchange);
      if (!registering) return exchange->error(registering.error());
      if (*registering) list->push_back(std::move(**registering));
    });
  }
  see_programs_of(list);
}

// Nothing: it is answered already.
Result<std::optional<Methods::Registering>> Methods::read_registration(
    const ExchangePtr& exchange) const {
  json::object work;
  auto existing = ExistingPolicy::keep;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("work", work).read("existing", existing);
      })) {
    return std::nullopt;
  }
  const Peer& peer = exchange->peer();
  auto request = checked_request(work, settings_, peer);
  if (!request) return std::unexpected(request.error());
  if (auto valid = validate_existing(existing, request->kind); !valid) {
    return std::unexpected(valid.error());
  }
  auto command = command_of(*request, settings_, peer.uid);
  if (!command) return std::unexpected(command.error());
  return Registering{exchange,
                     std::make_shared<Registration>(
                         Registration{peer.uid, new_uuid(), std::move(*request), existing}),
                     std::move(*command)};
}

// In their order. Those behind one whose file system does not answer are looked at after it.
void Methods::see_programs_of(const std::shared_ptr<std::vector<Registering>>& list) {
  if (list->empty()) return;
  std::vector<UsersCommand> commands;
  for (const Registering& one : *list) commands.push_back(one.command);
  see_programs(list->front().exchange, std::move(commands),
               [this, list](const std::vector<Result<>>& results) {
                 for (std::size_t i = 0; i < results.size(); ++i) {
                   const ExchangePtr& exchange = (*list)[i].exchange;
                   answer_alone(*exchange, [&] {
                     if (!results[i]) return exchange->error(results[i].error());
                     register_seen(exchange, (*list)[i].registration);
                   });
                 }
                 list->erase(list->begin(), list->begin() + std::ssize(results));
                 see_programs_of(list);
               });
}

void Methods::register_seen(const ExchangePtr& exchange,
                            const std::shared_ptr<Registration>& registration) {
  see_paths(exchange, paths_of({registration.get(), 1}),
            [this, exchange, registration](const Fingerprints& seen) {
              remember({registration.get(), 1}, seen);
              auto outcome = std::make_shared<Result<Registered>>();
              changes_.push_back({exchange,
                                  [this, registration, outcome](TimePoint now) {
                                    *outcome = manager_.registrar().add(*registration, now);
                                    if (*outcome) manager_.touch((*outcome)->id);
                                  },
                                  [this, exchange, outcome](TimePoint now) {
                                    if (!*outcome) return refusing(exchange, outcome->error());
                                    const Registered& done = **outcome;
                                    json::object reply = work_reply(done.id, now);
                                    reply["result"] = word(done.result);
                                    return replying(exchange, std::move(reply));
                                  }});
            });
}

void Methods::update(const ExchangePtr& exchange) {
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
  const auto decide = [=, this](const Fingerprints& seen) {
    change_work(exchange, name, [=, this](WorkId id, TimePoint now) -> Result<> {
      const WorkInfo info = store_.recorded(id);
      const Work* current = manager_.scheduler().find(id);
      if (!current || is_finished(current->state)) {
        return fail(ErrorCode::refused, "'" + info.request.unique_name +
                                            "' has ended: only unfinished work can be updated");
      }
      auto request = updated(info, changes, exchange->peer());
      if (!request) return std::unexpected(request.error());
      Registration registration{exchange->peer().uid, "", std::move(*request),
                                ExistingPolicy::update};
      if (!seen.empty()) registration.paths_seen = seen.front();
      const auto done = manager_.registrar().add(registration, now);
      return done ? Result<>() : std::unexpected(done.error());
    });
  };
  const auto see = [=, this] { see_paths(exchange, list, decide); };
  // Only paths of the work as it is now are looked at. All other errors are for the turn to find.
  const auto id = store_.find(exchange->peer().uid, name);
  if (!id || !manager_.scheduler().find(*id)) return see();
  const auto request = updated(store_.recorded(*id), changes, exchange->peer());
  if (!request) return see();
  see_program(exchange, *request, see);
}

Result<WorkRequest> Methods::updated(const WorkInfo& info, const json::object& changes,
                                     const Peer& peer) const {
  json::object merged = to_json(info.request);
  patch_request(merged, changes);
  return checked_request(merged, settings_, peer);
}

void Methods::apply(const ExchangePtr& exchange) {
  json::array works;
  bool prune = false;
  PartOfList part;
  if (!read_list(*exchange, part,
                 [&](JsonReader& reader) { reader.read("works", works).read("prune", prune); })) {
    return;
  }
  const auto parts = take_parts<Registration>(*exchange, part);
  if (!parts) return exchange->error(parts.error());
  const File& file = *parts;
  const std::size_t before = file->list.size();
  std::vector<UsersCommand> commands;
  if (auto read = read_works(*exchange, works, *file, commands); !read) {
    return exchange->error(read.error());
  }
  see_programs(exchange, std::move(commands), [=, this](const std::vector<Result<>>& results) {
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i]) continue;
      return exchange->error(told_of(file->list[before + i].where, results[i].error()));
    }
    const std::span<Registration> fresh = std::span(file->list).subspan(before);
    see_paths(exchange, paths_of(fresh), [=, this](const Fingerprints& seen) {
      remember(fresh, seen);
      if (!part.part) return apply_whole(exchange, file, prune);
      exchange->kept() = file;
      exchange->reply({{"results", json::array()}});
    });
  });
}

// Adds them to the file, and what they run to `commands`.
Result<> Methods::read_works(const Exchange& exchange, const json::array& works,
                             Parts<Registration>& file, std::vector<UsersCommand>& commands) const {
  const Peer& peer = exchange.peer();
  const std::size_t most = settings_.limits.max_work_per_owner;
  const std::size_t room = file.bytes() + room_to_keep(peer.uid);
  for (const json::value& one : works) {
    json::object work;
    std::string where;
    const auto read = JsonReader(one.as_object())
                          .read("work", work)
                          .read("where", where)
                          .finish("an entry of works");
    if (!read) return read;
    const auto refused = [&](const Error& error) -> Result<> {
      return std::unexpected(told_of(where, error));
    };
    auto request = checked_request(work, settings_, peer);
    if (!request) return refused(request.error());
    auto command = command_of(*request, settings_, peer.uid);
    if (!command) return refused(command.error());
    commands.push_back(std::move(*command));
    const std::size_t bytes = weight_of(*request) + where.size();
    file.add({peer.uid, new_uuid(), std::move(*request), ExistingPolicy::update, true, where},
             bytes);
    if (file.list.size() > most) {
      return refused({ErrorCode::refused, "this is one too many: there may be " +
                                              std::to_string(most) +
                                              " unfinished works (limits.max_work_per_owner)"});
    }
    if (file.bytes() > room) return refused(no_room_to_keep());
  }
  return {};
}

std::size_t Methods::room_to_keep(uid_t user) const {
  return operations_.room_to_keep(user, static_cast<std::size_t>(settings_.keep.max_work_space));
}

Error Methods::no_room_to_keep() const {
  return {ErrorCode::refused,
          "that is too much at once: what comes in parts, and is not all there yet, may have " +
              std::to_string(settings_.keep.max_work_space) +
              " bytes (limits.max_work_space); try it again, or with less"};
}

void Methods::apply_whole(const ExchangePtr& exchange, const File& file, bool prune) {
  auto outcome = std::make_shared<Result<std::vector<Registered>>>();
  changes_.push_back({exchange,
                      [this, file, outcome, prune](TimePoint now) {
                        *outcome = manager_.registrar().apply(file->list, prune, file->owner, now);
                        if (!*outcome) return;
                        for (const Registered& one : **outcome) manager_.touch(one.id);
                      },
                      [this, exchange, file, outcome](TimePoint) -> std::function<void()> {
                        if (!*outcome) return refusing(exchange, outcome->error());
                        auto results = std::make_shared<std::vector<AppliedWork>>();
                        for (const Registered& one : **outcome) {
                          const std::size_t place =
                              results->size();  // What is pruned comes after the works.
                          results->push_back({place < file->list.size()
                                                  ? file->list[place].request.unique_name
                                                  : store_.recorded(one.id).request.unique_name,
                                              one.result});
                        }
                        return [exchange, results] {
                          exchange->stream([results, next = std::size_t{0}]() mutable {
                            return page_of(*results, next);
                          });
                        };
                      }});
}

void Methods::cancel(const ExchangePtr& exchange) {
  std::vector<std::string> more;
  std::string tag;
  bool all = false;
  PartOfList part;
  if (!read_list(*exchange, part, [&](JsonReader& reader) {
        reader.read("uniqueNames", more).read("tag", tag).read("all", all);
      })) {
    return;
  }
  const auto parts = take_parts<std::string>(*exchange, part);
  if (!parts) return exchange->error(parts.error());
  const std::shared_ptr<Parts<std::string>>& named = *parts;
  const std::size_t room = named->bytes() + room_to_keep(exchange->peer().uid);
  for (std::string& name : more) {
    const std::size_t bytes = sizeof(std::string) + name.size();
    named->add(std::move(name), bytes);
    if (named->bytes() > room) return exchange->error(no_room_to_keep());
  }
  if ((named->list.empty() ? 0 : 1) + (tag.empty() ? 0 : 1) + (all ? 1 : 0) != 1 ||
      (part.part && named->list.empty())) {
    return exchange->error(Error{ErrorCode::invalid, "name works, or a tag, or all: one of these"});
  }
  if (!part.part) return cancel_all(exchange, named, tag);
  exchange->kept() = named;
  exchange->reply({{"works", json::array()}});
}

void Methods::cancel_all(const ExchangePtr& exchange,
                         const std::shared_ptr<Parts<std::string>>& named, const std::string& tag) {
  auto ids = std::make_shared<std::vector<WorkId>>();
  auto unknown = std::make_shared<std::string>();
  changes_.push_back(
      {exchange,
       [=, this](TimePoint now) {
         const auto& names = named->list;
         *ids = names.empty() ? store_.unfinished(visible_to(exchange->peer()), tag, "")
                              : works_named(names, exchange->peer().uid, *unknown);
         for (const WorkId id : *ids) manager_.cancel(id, now);
         if (!names.empty()) std::ranges::for_each(*ids, [&](WorkId id) { manager_.touch(id); });
       },
       [=, this](TimePoint now) -> std::function<void()> {
         if (!unknown->empty()) return [=] { no_such_work(*exchange, *unknown); };
         return [=, this] {
           exchange->stream([this, ids, now, next = std::size_t{0}]() mutable {
             json::array works;
             std::size_t weight = 0;
             for (; next < ids->size() && std::cmp_less(works.size(), kPageLength) &&
                    weight < kPageWeight;
                  ++next) {
               const auto info = store_.info((*ids)[next]);
               if (!info) continue;
               weight += weight_of(info->request);
               works.push_back(show_work(*info, now));
             }
             return Exchange::Page{{{"works", std::move(works)}}, next < ids->size()};
           });
         };
       }});
}

// The works of those names, and what was appended to them; none, and the name, where one of them is
// `unknown`.
std::vector<WorkId> Methods::works_named(const std::vector<std::string>& names, uid_t owner,
                                         std::string& unknown) const {
  std::vector<WorkId> ids;
  unknown.clear();
  for (const std::string& name : names) {
    const auto holder = store_.find(owner, name);
    if (!holder) {
      unknown = name;
      return {};
    }
    const auto unfinished = store_.unfinished(owner, "", name);
    ids.insert(ids.end(), unfinished.begin(), unfinished.end());
    if (unfinished.empty()) ids.push_back(*holder);
  }
  return ids;
}

void Methods::retry(const ExchangePtr& exchange) {
  std::string name;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("uniqueName", name); })) {
    return;
  }
  change_work(exchange, name, [this, exchange](WorkId id, TimePoint now) {
    const WorkInfo info = store_.recorded(id);
    auto permitted = check_permitted(info.request, settings_.permissions, exchange->peer().uid);
    return permitted ? manager_.registrar().retry(id, now) : permitted;
  });
}

void Methods::run(const ExchangePtr& exchange) {
  std::string name;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("uniqueName", name); })) {
    return;
  }
  change_work(exchange, name,
              [this](WorkId id, TimePoint now) { return manager_.registrar().run_now(id, now); });
}

void Methods::pause(const ExchangePtr& exchange) {
  std::string group;
  std::optional<Duration> time;
  if (!may_rule(*exchange, "pause work") || !read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("group", group).read("forMs", time);
      })) {
    return;
  }
  changes_.push_back({exchange,
                      [this, group, time](TimePoint now) {
                        manager_.pause(group, time ? std::optional(now + *time) : std::nullopt);
                      },
                      [this, exchange](TimePoint) {
                        return replying(exchange,
                                        {{"paused", to_json(manager_.scheduler().pauses())}});
                      }});
}

void Methods::resume(const ExchangePtr& exchange) {
  std::string group;
  if (!may_rule(*exchange, "resume work") ||
      !read_parameters(*exchange, [&](JsonReader& reader) { reader.read("group", group); })) {
    return;
  }
  auto resumed = std::make_shared<Pauses>();
  changes_.push_back({exchange,
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

void Methods::prune(const ExchangePtr& exchange) {
  std::optional<std::string> state;
  if (!read_parameters(*exchange, [&](JsonReader& reader) { reader.read("state", state); })) return;
  if (state) return prune_state(exchange, *state);
  auto count = std::make_shared<int>(0);
  changes_.push_back(
      {exchange,
       [this, exchange, count](TimePoint) {
         manager_.prune(visible_to(exchange->peer()),
                        [count](int forgotten) { *count = forgotten; });
       },
       [exchange, count](TimePoint) { return replying(exchange, {{"forgotten", *count}}); }});
}

void Methods::prune_state(const ExchangePtr& exchange, const std::string& name) {
  auto outcome = std::make_shared<Result<>>();
  changes_.push_back({exchange,
                      [this, exchange, name, outcome](TimePoint) {
                        *outcome = manager_.forget_state(exchange->peer().uid, name);
                      },
                      [exchange, outcome](TimePoint) {
                        if (!*outcome) return refusing(exchange, outcome->error());
                        return replying(exchange, {{"forgotten", 0}});
                      }});
}

}  // namespace wm
