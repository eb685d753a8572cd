#include "daemon/turn/registrar.h"

#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <unordered_map>

#include <boost/json.hpp>

#include "core/check.h"
#include "core/schedule.h"
#include "core/text.h"
#include "daemon/turn/work_manager.h"

namespace wm {
namespace {

std::unexpected<Error> refused(std::string message) {
  return fail(ErrorCode::refused, std::move(message));
}

std::string quoted(const std::string& name) { return "'" + printable(name) + "'"; }

// Adds the place of this registration to an error that it causes.
std::unexpected<Error> at(const Registration& registration, Error error) {
  if (!registration.where.empty()) error.message = registration.where + ": " + error.message;
  return std::unexpected(std::move(error));
}

// The places of the registrations, each after those it depends on; an error if they form a circle.
Result<std::vector<std::size_t>> in_order(const std::vector<Registration>& registrations) {
  std::unordered_map<std::string_view, std::size_t> places(registrations.size());
  for (std::size_t i = 0; i < registrations.size(); ++i) {
    const std::string& name = registrations[i].request.unique_name;
    if (!places.try_emplace(name, i).second) {
      return at(registrations[i],
                {ErrorCode::invalid, "the job " + quoted(name) + " is declared twice"});
    }
  }
  std::vector<std::vector<std::size_t>> dependents(registrations.size());
  std::vector<int> missing(registrations.size());
  for (std::size_t i = 0; i < registrations.size(); ++i) {
    for (const std::string& name : registrations[i].request.prerequisites) {
      const auto place = places.find(name);
      if (place == places.end()) continue;
      dependents[place->second].push_back(i);
      ++missing[i];
    }
  }
  // The first of the file comes first.
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t i = 0; i < registrations.size(); ++i) {
    if (missing[i] == 0) ready.push(i);
  }
  std::vector<std::size_t> order;
  order.reserve(registrations.size());
  while (!ready.empty()) {
    order.push_back(ready.top());
    ready.pop();
    for (const std::size_t dependent : dependents[order.back()]) {
      if (--missing[dependent] == 0) ready.push(dependent);
    }
  }
  if (order.size() == registrations.size()) return order;
  const auto stuck = std::ranges::find_if(missing, [](int count) { return count > 0; });
  const auto& one = registrations[static_cast<std::size_t>(stuck - missing.begin())];
  return at(one, {ErrorCode::invalid, "the job " + quoted(one.request.unique_name) +
                                          " is its own prerequisite, in a circle"});
}

// `wm retry` is for failed and cancelled jobs.
std::string succeeded_before(const std::string& name) {
  return name + " has succeeded: to run it again, register it again (wm show has its command)";
}

// A usual backoff may be named or not, and the members of an input have no order.
bool mean_the_same(WorkRequest a, const WorkRequest& b) {
  if (backoff_of(a) == backoff_of(b)) {
    a.backoff_policy = b.backoff_policy;
    a.backoff_delay = b.backoff_delay;
  }
  if (a.input != b.input && boost::json::parse(a.input) == boost::json::parse(b.input)) {
    a.input = b.input;
  }
  return a == b;
}

}  // namespace

void Registrar::Prerequisites::add(WorkId id, WorkState state) {
  if (std::ranges::count(all, id) > 0) return;
  all.push_back(id);
  if (!is_finished(state)) unfinished.push_back(id);
  if (state == WorkState::failed) fate = WorkState::failed;
  if (state == WorkState::cancelled && fate != WorkState::failed) fate = WorkState::cancelled;
}

// Returns its state so far in this turn.
Work Registrar::current(WorkId id) {
  const Work* work = scheduler_.find(id);
  return work ? *work : store_.recorded(id).work;
}

Result<Registrar::Prerequisites> Registrar::find_prerequisites(
    uid_t owner, const std::vector<std::string>& names) {
  Prerequisites found;
  for (const std::string& name : names) {
    const auto id = store_.find(owner, name);
    if (!id)
      return fail(ErrorCode::not_found,
                  "no job " + quoted(name) + " to come after: register it first");
    const Work work = current(*id);
    if (work.policy.get().kind == WorkKind::periodic) {
      return fail(ErrorCode::invalid,
                  "a job cannot come after " + quoted(name) + ": periodic jobs never end");
    }
    found.add(*id, work.state);
  }
  return found;
}

Result<> Registrar::find_space(const Registration& registration) const {
  const std::int64_t most = settings_.keep.max_work_space;
  const std::int64_t used = store_.use_of(registration.owner).work_bytes;
  if (used < most) return {};
  return refused("there is no space for " + quoted(registration.request.unique_name) +
                 ": your jobs, including finished ones, take " + std::to_string(used) +
                 " of at most " + std::to_string(most) +
                 " bytes (limits.max_work_space); wm prune forgets the finished ones");
}

Result<> Registrar::find_room(const Registration& registration, std::size_t before) const {
  const std::size_t most = settings_.limits.max_work_per_owner;
  if (scheduler_.unfinished_count(registration.owner) + before < most) return {};
  return refused(quoted(registration.request.unique_name) + " is one too many: you have " +
                 std::to_string(most) +
                 " unfinished jobs, the most that are allowed (limits.max_work_per_owner); "
                 "cancel some first");
}

void Registrar::choose_name(Registration& registration) {
  if (registration.numbered.empty()) return;
  WorkRequest& request = registration.request;
  const auto is_ours = [&] {
    const Present present = find_present(registration);
    if (present.unfinished.empty()) {
      return !present.holder || current(*present.holder).state != WorkState::failed;
    }
    return request.kind == WorkKind::periodic &&
           mean_the_same(store_.recorded(present.unfinished.back()).request, request);
  };
  request.unique_name = registration.numbered;
  if (is_ours()) return;
  constexpr std::size_t kMostRemembered = 1000;
  if (last_numbers_.size() > kMostRemembered) last_numbers_.clear();
  const std::string key = std::to_string(registration.owner) + ' ' + registration.numbered;
  int& number = last_numbers_[key];
  // A periodic job may be the same as any of them.
  if (request.kind == WorkKind::periodic) number = 0;
  for (number = std::max(number, 2);; ++number) {
    request.unique_name = registration.numbered + "-" + std::to_string(number);
    if (is_ours()) return;
  }
}

Result<Registered> Registrar::add(const Registration& registration, TimePoint now) {
  return add(registration, find_present(registration), now);
}

Result<Registered> Registrar::add(const Registration& registration, const Present& present,
                                  TimePoint now) {
  const std::vector<WorkId>& unfinished = present.unfinished;
  if (!unfinished.empty() && registration.existing == ExistingPolicy::keep) {
    return Registered{unfinished.back(), RegisterResult::kept};
  }
  if (auto space = find_space(registration); !space) return std::unexpected(space.error());
  if (!unfinished.empty() && registration.existing == ExistingPolicy::update) {
    return update(unfinished.back(), registration, now);
  }
  auto prerequisites = find_prerequisites(registration.owner, registration.request.prerequisites);
  if (!prerequisites) return std::unexpected(prerequisites.error());
  if (unfinished.empty()) {
    if (auto room = find_room(registration); !room) return std::unexpected(room.error());
    return insert(registration, present, *prerequisites, RegisterResult::enqueued, now);
  }
  const Work last = current(unfinished.back());
  const bool appends = registration.existing == ExistingPolicy::append ||
                       registration.existing == ExistingPolicy::append_or_replace;
  const bool doomed =
      last.stopping == StopReason::cancelled || last.stopping == StopReason::replaced;
  if (!appends || (doomed && registration.existing == ExistingPolicy::append_or_replace)) {
    return insert(registration, present, *prerequisites, RegisterResult::replaced, now);
  }
  if (last.policy.get().kind == WorkKind::periodic) {
    return fail(ErrorCode::invalid, "nothing can be appended to " +
                                        quoted(registration.request.unique_name) +
                                        ": periodic jobs never end");
  }
  if (auto room = find_room(registration); !room) return std::unexpected(room.error());
  prerequisites->add(last.id, last.state);
  return insert(registration, present, *prerequisites, RegisterResult::appended, now);
}

Registrar::Present Registrar::find_present(const Registration& registration) {
  auto [holder, unfinished] =
      store_.record_of(registration.owner, registration.request.unique_name);
  Present present{holder, std::move(unfinished)};
  std::erase_if(present.unfinished, [&](WorkId id) { return is_finished(current(id).state); });
  return present;
}

Result<Registered> Registrar::update(WorkId id, const Registration& registration, TimePoint now) {
  const WorkInfo stored = store_.recorded(id);
  const WorkRequest& request = registration.request;
  const std::string name = quoted(request.unique_name);
  if (stored.request.kind != request.kind) {
    return refused(
        name + " is " + std::string(word(stored.request.kind)) +
        " and cannot become another kind: cancel it, or register it with --existing replace");
  }
  if (stored.request.prerequisites != request.prerequisites) {
    return refused("an update cannot change the prerequisites of " + name +
                   ": register it with --existing replace");
  }
  store_.update(id, request, stored.applied || registration.applied);
  if (registration.paths_seen) store_.save_paths_seen(id, *registration.paths_seen);
  scheduler_.update(id, SharedPolicy(static_cast<const Policy&>(request)), now);
  if (request.at != stored.request.at) scheduler_.set_time(id, request.at, now);
  return Registered{id, RegisterResult::updated};
}

Registered Registrar::insert(const Registration& registration, const Present& present,
                             const Prerequisites& prerequisites, RegisterResult result,
                             TimePoint now) {
  const bool replaces = result == RegisterResult::replaced;
  const std::vector<WorkId> replaced = replaces ? present.unfinished : std::vector<WorkId>();
  Work work = new_work(registration.request, now, scheduler_.rules().zone);
  work.owner = registration.owner;
  work.state = prerequisites.fate;
  // Runs are numbered by unique name, so that `wm logs NAME --run N` means one run.
  if (present.runs) {
    work.runs = *present.runs;
  } else if (present.holder) {
    work.runs = current(*present.holder).runs;
  }
  if (present.holder) store_.supersede(*present.holder);
  work.id = store_.insert({registration.uuid, registration.request, work, now, registration.applied,
                           registration.stored},
                          prerequisites.all);
  if (registration.paths_seen) store_.save_paths_seen(work.id, *registration.paths_seen);
  if (is_finished(work.state)) {
    store_.save(work, settings_.history.keep);
    for (const WorkId id : replaced) scheduler_.cancel(id, now, StopReason::replaced);
  } else {
    scheduler_.replace(replaced, work, prerequisites.unfinished);
    stored_.push_back(work);
  }
  return {work.id, result};
}

bool Registrar::has_stored(const Work& work) const {
  const auto stored = std::ranges::lower_bound(stored_, work.id, {}, &Work::id);
  return stored != stored_.end() && *stored == work;
}

Result<std::vector<Registered>> Registrar::apply(const std::vector<Registration>& registrations,
                                                 bool prune, uid_t owner, TimePoint now) {
  const auto order = in_order(registrations);
  if (!order) return std::unexpected(order.error());
  const auto present = check_all(registrations);
  if (!present) return std::unexpected(present.error());
  std::vector<Registered> results(registrations.size());
  for (const std::size_t place : *order) {
    auto done = apply_one(registrations[place], (*present)[place], now);
    if (!done) throw Refusal(at(registrations[place], done.error()).error());
    results[place] = *done;
  }
  if (!prune) return results;
  for (const WorkId id : undeclared(owner, results)) {
    scheduler_.cancel(id, now);
    results.push_back({id, RegisterResult::cancelled});
  }
  return results;
}

// Finds every reason to refuse one of them, before the first has changed anything; and what each of
// them replaces.
Result<std::vector<Registrar::Present>> Registrar::check_all(
    const std::vector<Registration>& registrations) {
  std::unordered_map<std::string_view, WorkKind> declared(registrations.size());
  for (const Registration& one : registrations) {
    declared[one.request.unique_name] = one.request.kind;
  }
  std::vector<Present> all;
  all.reserve(registrations.size());
  for (const Registration& one : registrations) {
    const std::string& name = one.request.unique_name;
    std::vector<std::string> others;
    for (const std::string& other : one.request.prerequisites) {
      const auto kind = declared.find(other);
      if (kind == declared.end()) {
        others.push_back(other);
      } else if (kind->second == WorkKind::periodic) {
        return at(one, {ErrorCode::invalid, quoted(name) + " cannot come after " + quoted(other) +
                                                ": periodic jobs never end"});
      }
    }
    if (auto found = find_prerequisites(one.owner, others); !found) return at(one, found.error());
    Present& present = all.emplace_back(find_present(one));
    if (auto fine = compare(one, present); !fine) return at(one, fine.error());
  }
  return all;
}

// The error says that the present job cannot become this one.
Result<> Registrar::compare(const Registration& registration, Present& present) {
  if (present.unfinished.empty() && !present.holder) return {};
  const WorkRequest& wanted = registration.request;
  const WorkId last = present.unfinished.empty()
                          ? checked(present.holder, "one of them holds the name")
                          : present.unfinished.back();
  const WorkInfo stored = store_.recorded(last);
  if (!present.unfinished.empty() && (stored.request.kind != wanted.kind ||
                                      stored.request.prerequisites != wanted.prerequisites)) {
    return refused("the kind of " + quoted(wanted.unique_name) +
                   " and its prerequisites cannot be changed: cancel it first");
  }
  if (present.holder != last) return {};
  const Work* work = scheduler_.find(last);
  if (!work) work = &stored.work;
  present.runs = work->runs;
  if (work->state == WorkState::cancelled) return {};
  present.same = mean_the_same(stored.request, wanted);
  present.applied = stored.applied;
  return {};
}

Result<Registered> Registrar::apply_one(const Registration& registration, const Present& present,
                                        TimePoint now) {
  if (!present.same) return add(registration, present, now);
  const WorkId id = present.holder.value_or(0);
  if (registration.applied && !present.applied) store_.update(id, registration.request, true);
  return Registered{id, RegisterResult::unchanged};
}

std::vector<WorkId> Registrar::undeclared(uid_t owner, const std::vector<Registered>& declared) {
  std::set<WorkId> kept;
  for (const Registered& one : declared) kept.insert(one.id);
  std::vector<WorkId> others = store_.applied(owner);
  std::erase_if(others, [&](WorkId id) {
    const Work* work = scheduler_.find(id);
    return kept.contains(id) || !work || is_finished(work->state);
  });
  return others;
}

Result<std::vector<Registered>> Registrar::preview(const std::vector<Registration>& registrations,
                                                   bool prune, uid_t owner) {
  if (const auto order = in_order(registrations); !order) return std::unexpected(order.error());
  const auto all = check_all(registrations);
  if (!all) return std::unexpected(all.error());
  std::vector<Registered> results;
  for (const Present& present : *all) {
    if (present.same) {
      results.push_back({present.holder.value_or(0), RegisterResult::unchanged});
    } else if (present.unfinished.empty()) {
      results.push_back({0, RegisterResult::enqueued});
    } else {
      results.push_back({present.unfinished.back(), RegisterResult::updated});
    }
  }
  if (!prune) return results;
  for (const WorkId id : undeclared(owner, results)) {
    results.push_back({id, RegisterResult::cancelled});
  }
  return results;
}

Result<> Registrar::retry(std::vector<WorkId> ids, TimePoint now) {
  // A prerequisite was registered before the job that comes after it.
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  std::map<uid_t, std::size_t> more;
  for (const WorkId id : ids) {
    const Work work = current(id);
    if (auto fine = check_retry(work, ids); !fine) return fine;
    if (auto room = find_room({work.owner, "", store_.recorded(id).request}, more[work.owner]++);
        !room) {
      return room;
    }
  }
  for (const WorkId id : ids) {
    Prerequisites prerequisites;
    for (const ChainLink& link : store_.prerequisites(id)) {
      prerequisites.add(link.id, current(link.id).state);
    }
    scheduler_.enqueue(once_more(current(id), now), prerequisites.unfinished);
  }
  return {};
}

Result<> Registrar::check_retry(const Work& work, const std::vector<WorkId>& ids) {
  const std::string name = quoted(store_.recorded(work.id).request.unique_name);
  if (work.state == WorkState::succeeded) return refused(succeeded_before(name));
  if (!is_finished(work.state)) {
    return refused(name + " has not ended: it is " + std::string(word(work.state)));
  }
  for (const ChainLink& link : store_.prerequisites(work.id)) {
    const WorkState state = current(link.id).state;
    const bool ended_badly = state == WorkState::failed || state == WorkState::cancelled;
    if (!ended_badly || std::ranges::binary_search(ids, link.id)) continue;
    return refused(name + " comes after " + quoted(link.unique_name) + ", which has " +
                   (state == WorkState::failed ? "failed" : "been cancelled") +
                   ": retry that first");
  }
  return {};
}

Result<> Registrar::run_now(WorkId id, TimePoint now) {
  const Work work = current(id);
  if (work.state == WorkState::enqueued) {
    scheduler_.run_now(id, now);
    return {};
  }
  const std::string name = quoted(store_.recorded(id).request.unique_name);
  if (work.state == WorkState::running) return refused(name + " is running already");
  if (work.state == WorkState::blocked) {
    return refused(name + " waits for its prerequisites, whose results it needs: see wm why");
  }
  if (work.state == WorkState::succeeded) return refused(succeeded_before(name));
  return refused(name + (work.state == WorkState::failed ? " has failed" : " was cancelled") +
                 ": wm retry enqueues it once more");
}

}  // namespace wm
