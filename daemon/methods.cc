#include "daemon/methods.h"

#include <algorithm>
#include <fstream>
#include <limits>

#include <boost/archive/iterators/base64_from_binary.hpp>
#include <boost/archive/iterators/transform_width.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <unistd.h>

#include "core/messages.h"
#include "core/version.h"
#include "daemon/interface.h"
#include "daemon/tasks.h"

namespace wm {

namespace json = boost::json;

namespace {

// Root sees and touches everybody's work, others their own.
std::optional<uid_t> visible_to(const Peer& peer) {
  return peer.uid == 0 ? std::nullopt : std::optional(peer.uid);
}

// A page of an answer stays well under the size of a message.
constexpr std::size_t kPageLength = 20;
constexpr std::size_t kPageWeight = std::size_t{512} << 10;
constexpr std::size_t kLogPart = std::size_t{256} << 10;
constexpr std::size_t kMaxRequestWeight = std::size_t{128} << 10;

// About how many bytes of JSON a request takes, so that pages can be cut.
std::size_t weight_of(const WorkRequest& request) {
  std::size_t weight = 2048 + request.input.size() + request.description.size();
  for (const std::string& argument : request.command) weight += argument.size() + 8;
  for (const std::string& tag : request.tags) weight += tag.size() + 8;
  for (const auto& [name, value] : request.env) weight += name.size() + value.size() + 8;
  return weight;
}

Error unreadable(const StoreError& e) {
  return {ErrorCode::failed, std::string("the store cannot be read: ") + e.what()};
}

std::string base64(std::string_view bytes) {
  using Encoder = boost::archive::iterators::base64_from_binary<
      boost::archive::iterators::transform_width<std::string_view::const_iterator, 6, 8>>;
  std::string text(Encoder(bytes.begin()), Encoder(bytes.end()));
  return text.append((4 - text.size() % 4) % 4, '=');
}

// Pretending concerns everybody's work: it is for the daemon's own user, and root.
bool may_pretend(const Methods::ExchangePtr& exchange) {
  if (exchange->peer().uid == 0 || exchange->peer().uid == ::geteuid()) return true;
  exchange->error(Error{ErrorCode::not_permitted, "only root may override conditions"});
  return false;
}

void no_such_work(const Methods::ExchangePtr& exchange, const std::string& name) {
  exchange->error("io.wm.Scheduler.NoSuchWork", {{"uniqueName", name}});
}

// Reads the call's parameters; what is wrong with them is answered.
template <class Read>
bool read_parameters(const Methods::ExchangePtr& exchange, Read read) {
  JsonReader reader(exchange->call().parameters);
  read(reader);
  const auto done = reader.finish("the parameters");
  if (!done) exchange->error(done.error());
  return done.has_value();
}

Result<> check_request(const WorkRequest& request, const Settings& settings) {
  if (auto valid = validate(request, settings.limits); !valid) return valid;
  if (request.kind == WorkKind::processing) {
    return fail(ErrorCode::refused, "processing work is not known to this version");
  }
  if (request.constraints.idle) {
    return fail(ErrorCode::refused, "this version has no sensor for idleness");
  }
  if (weight_of(request) > kMaxRequestWeight) {
    return fail(ErrorCode::invalid,
                "the work is too large: command, environment, description and tags "
                "may have " +
                    std::to_string(kMaxRequestWeight) + " bytes together");
  }
  const auto command = resolve_command(request, settings);
  if (!command) return std::unexpected(command.error());
  return check_executable(*command);
}

}  // namespace

Methods::Methods(WorkManager& manager, Store& store, Sensors& sensors, const RunLog& log,
                 const Settings& settings, DaemonIdentity identity)
    : manager_(manager),
      store_(store),
      sensors_(sensors),
      log_(log),
      settings_(settings),
      identity_(std::move(identity)) {}

const std::unordered_map<std::string_view, Methods::Handler>& Methods::handlers() {
  static const std::unordered_map<std::string_view, Handler> kHandlers{
      {"Register", &Methods::register_work},
      {"Cancel", &Methods::cancel},
      {"List", &Methods::list},
      {"Show", &Methods::show},
      {"Wait", &Methods::wait},
      {"History", &Methods::history},
      {"Logs", &Methods::logs},
      {"Conditions", &Methods::conditions},
      {"OverrideConditions", &Methods::override_conditions},
      {"ClearOverrides", &Methods::clear_overrides},
      {"Status", &Methods::status},
      {"Tasks", &Methods::tasks},
  };
  return kHandlers;
}

void Methods::take(const ExchangePtr& exchange) {
  const std::string_view method = exchange->call().method;
  const std::size_t dot = method.rfind('.');
  const std::string_view interface = method.substr(0, dot);
  if (dot == std::string_view::npos || interface != varlink::kInterfaceName) {
    exchange->error("org.varlink.service.InterfaceNotFound", {{"interface", interface}});
    return;
  }
  const auto handler = handlers().find(method.substr(dot + 1));
  if (handler == handlers().end()) {
    exchange->error("org.varlink.service.MethodNotFound", {{"method", method}});
    return;
  }
  try {
    (this->*handler->second)(exchange);
  } catch (const StoreError& e) {
    exchange->error(unreadable(e));
  }
}

std::vector<WorkManager::Change> Methods::changes(TimePoint now) {
  std::vector<WorkManager::Change> list;
  for (const PendingChange& change : changes_) {
    list.emplace_back([&decide = change.decide, now] { decide(now); });
  }
  return list;
}

void Methods::answer(const TurnReport& report, TimePoint now) {
  for (const PendingChange& change : std::exchange(changes_, {})) change.answer(now);
  for (const auto& [exchange, question] : std::exchange(questions_, {})) {
    try {
      question(now);
    } catch (const StoreError& e) {
      exchange->error(unreadable(e));
    }
  }
  notify_waiters(report, now);
}

void Methods::refuse(const Error& problem) {
  for (const PendingChange& change : std::exchange(changes_, {})) change.exchange->error(problem);
  for (const auto& [exchange, question] : std::exchange(questions_, {})) exchange->error(problem);
}

void Methods::ask(const ExchangePtr& exchange, std::function<void(TimePoint)> question) {
  questions_.emplace_back(exchange, std::move(question));
}

json::object Methods::show_work(const WorkInfo& info, TimePoint now) const {
  json::object work = to_json(info);
  const Work* scheduled = manager_.scheduler().find(info.work.id);
  const auto waits = waiting_for(scheduled ? *scheduled : info.work, sensors_.conditions(), now);
  if (!waits.empty()) work["waitingFor"] = to_json(waits);
  return work;
}

void Methods::reply_work(const ExchangePtr& exchange, WorkId id, TimePoint now) {
  exchange->reply({{"work", show_work(store_.info(id).value(), now)}});
}

void Methods::register_work(const ExchangePtr& exchange) {
  json::object work;
  auto existing = ExistingPolicy::keep;
  if (!read_parameters(exchange, [&](JsonReader& reader) {
        reader.read("work", work).read("existing", existing);
      })) {
    return;
  }
  auto request = request_from_json(work);
  if (!request) return exchange->error(request.error());
  if (auto valid = check_request(*request, settings_); !valid)
    return exchange->error(valid.error());

  static boost::uuids::random_generator new_uuid;
  auto registration = std::make_shared<Registration>(
      Registration{exchange->peer().uid, to_string(new_uuid()), std::move(*request), existing});
  auto outcome = std::make_shared<Registered>();
  changes_.push_back({exchange,
                      [this, registration, outcome](TimePoint now) {
                        *outcome = manager_.register_work(*registration, now);
                      },
                      [this, exchange, outcome](TimePoint now) {
                        exchange->reply({{"work", show_work(outcome->info, now)},
                                         {"result", word(outcome->result)}});
                      }});
}

void Methods::cancel(const ExchangePtr& exchange) {
  std::vector<std::string> names;
  std::string tag;
  bool all = false;
  if (!read_parameters(exchange, [&](JsonReader& reader) {
        reader.read("uniqueNames", names).read("tag", tag).read("all", all);
      })) {
    return;
  }
  if ((names.empty() ? 0 : 1) + (tag.empty() ? 0 : 1) + (all ? 1 : 0) != 1) {
    return exchange->error(Error{ErrorCode::invalid, "name works, or a tag, or all: one of these"});
  }
  std::vector<WorkId> ids;
  if (names.empty()) ids = store_.unfinished(visible_to(exchange->peer()), tag);
  for (const std::string& name : names) {
    const auto id = store_.find(exchange->peer().uid, name);
    if (!id) return no_such_work(exchange, name);
    ids.push_back(*id);
  }
  changes_.push_back({exchange,
                      [this, ids](TimePoint) {
                        for (const WorkId id : ids) manager_.cancel(id);
                      },
                      [this, exchange, ids](TimePoint now) {
                        exchange->stream([this, ids, now, next = std::size_t{0}]() mutable {
                          json::array works;
                          for (; next < ids.size() && works.size() < kPageLength; ++next) {
                            works.push_back(show_work(store_.info(ids[next]).value(), now));
                          }
                          return Exchange::Page{{{"works", std::move(works)}}, next < ids.size()};
                        });
                      }});
}

void Methods::list(const ExchangePtr& exchange) {
  WorkFilter filter;
  filter.owner = visible_to(exchange->peer());
  std::vector<std::string> states;
  if (!read_parameters(exchange, [&](JsonReader& reader) {
        reader.read("states", states)
            .read("tags", filter.tags)
            .read("taskName", filter.task_name)
            .read("finished", filter.finished);
      })) {
    return;
  }
  for (const std::string& name : states) {
    const auto state = parse_word<WorkState>(name);
    if (!state) return exchange->error(state.error());
    filter.states.push_back(*state);
  }
  ask(exchange, [this, exchange, filter](TimePoint now) mutable {
    exchange->stream([this, filter, now]() mutable -> Exchange::Page {
      json::array works;
      std::size_t weight = 0;
      const std::vector<WorkInfo> found = store_.list(filter);
      for (const WorkInfo& info : found) {
        weight += weight_of(info.request);
        if (weight > kPageWeight && !works.empty()) break;
        works.push_back(show_work(info, now));
        filter.after = info.work.id;
      }
      const bool all = works.size() == found.size() && std::cmp_less(found.size(), filter.limit);
      return {{{"works", std::move(works)}}, !all};
    });
  });
}

void Methods::show(const ExchangePtr& exchange) {
  std::string name;
  if (!read_parameters(exchange, [&](JsonReader& reader) { reader.read("uniqueName", name); }))
    return;
  ask(exchange, [this, exchange, name](TimePoint now) {
    const auto id = store_.find(exchange->peer().uid, name);
    id ? reply_work(exchange, *id, now) : no_such_work(exchange, name);
  });
}

void Methods::wait(const ExchangePtr& exchange) {
  std::string name;
  std::optional<WorkState> state;
  if (!read_parameters(exchange, [&](JsonReader& reader) {
        reader.read("uniqueName", name).read("state", state);
      })) {
    return;
  }
  ask(exchange, [this, exchange, name, state](TimePoint now) {
    const auto id = store_.find(exchange->peer().uid, name);
    if (!id) return no_such_work(exchange, name);
    const Work* work = manager_.scheduler().find(*id);
    if (work && (!state || work->state != *state)) {
      waiters_.emplace(*id, Waiter{exchange, state});
      return;
    }
    reply_work(exchange, *id, now);  // It has ended, whatever was asked for.
  });
}

void Methods::notify_waiters(const TurnReport& report, TimePoint now) {
  std::erase_if(waiters_, [](const auto& waiter) { return waiter.second.exchange->abandoned(); });
  if (waiters_.empty()) return;
  for (const Work& work : report.changed) {
    const bool run_ended =
        work.kind == WorkKind::periodic && std::ranges::count(report.ended, work.id) > 0;
    const auto [first, last] = waiters_.equal_range(work.id);
    for (auto waiter = first; waiter != last;) {
      const auto& [exchange, state] = waiter->second;
      const bool reached = state ? *state == work.state : run_ended;
      if (!reached && !is_finished(work.state)) {
        ++waiter;
        continue;
      }
      reply_work(exchange, work.id, now);
      waiter = waiters_.erase(waiter);
    }
  }
}

void Methods::history(const ExchangePtr& exchange) {
  RunFilter filter;
  filter.owner = visible_to(exchange->peer());
  std::int32_t limit = std::numeric_limits<std::int32_t>::max();
  if (!read_parameters(exchange, [&](JsonReader& reader) {
        reader.read("uniqueName", filter.unique_name)
            .read("failed", filter.failed)
            .read("since", filter.since)
            .read("limit", limit);
      })) {
    return;
  }
  if (limit < 1) return exchange->error(Error{ErrorCode::invalid, "limit must be 1 or more"});
  ask(exchange, [this, exchange, filter, limit](TimePoint) mutable {
    if (!filter.unique_name.empty()) {
      filter.owner = exchange->peer().uid;
      if (!store_.find(*filter.owner, filter.unique_name)) {
        return no_such_work(exchange, filter.unique_name);
      }
    }
    exchange->stream([this, filter, limit]() mutable -> Exchange::Page {
      filter.limit = std::min(filter.limit, limit);
      RunPage page = store_.history(filter);
      filter.before = page.last;
      limit -= static_cast<std::int32_t>(page.runs.size());
      json::array runs;
      for (const RunInfo& run : page.runs) runs.push_back(to_json(run));
      return {{{"runs", std::move(runs)}}, page.last != 0 && limit > 0};
    });
  });
}

void Methods::conditions(const ExchangePtr& exchange) {
  if (!read_parameters(exchange, [](JsonReader&) {})) return;
  ask(exchange,
      [this, exchange](TimePoint) { exchange->reply({{"conditions", sensors_.to_json()}}); });
}

void Methods::override_conditions(const ExchangePtr& exchange) {
  std::map<std::string, std::string> values;
  std::optional<Duration> time;
  if (!may_pretend(exchange) || !read_parameters(exchange, [&](JsonReader& reader) {
        reader.read("values", values).read("forMs", time);
      })) {
    return;
  }
  std::vector<std::pair<ConditionName, ConditionValue>> pretended;
  for (const auto& [name, value] : values) {
    const auto condition = parse_word<ConditionName>(name);
    if (!condition) return exchange->error(condition.error());
    const auto parsed = Sensors::parse_value(*condition, value);
    if (!parsed) return exchange->error(parsed.error());
    pretended.emplace_back(*condition, *parsed);
  }
  ask(exchange, [this, exchange, pretended, time](TimePoint now) {
    const auto until = time ? std::optional(now + *time) : std::nullopt;
    for (const auto& [name, value] : pretended) sensors_.override_value(name, value, until, now);
    exchange->reply({{"conditions", sensors_.to_json()}});
  });
}

void Methods::clear_overrides(const ExchangePtr& exchange) {
  if (!may_pretend(exchange) || !read_parameters(exchange, [](JsonReader&) {})) return;
  ask(exchange, [this, exchange](TimePoint now) {
    sensors_.clear_overrides(now);
    exchange->reply({{"conditions", sensors_.to_json()}});
  });
}

void Methods::logs(const ExchangePtr& exchange) {
  std::string name;
  std::int32_t number = 0;
  bool errors = false;
  if (!read_parameters(exchange, [&](JsonReader& reader) {
        reader.read("uniqueName", name).read("run", number).read("stderr", errors);
      })) {
    return;
  }
  ask(exchange, [this, exchange, name, number, errors](TimePoint) {
    if (!store_.find(exchange->peer().uid, name)) return no_such_work(exchange, name);
    const auto run = store_.run(exchange->peer().uid, name, number);
    if (!run) {
      return exchange->error("io.wm.Scheduler.NoSuchRun", {{"uniqueName", name}, {"run", number}});
    }
    const auto stream = errors ? LogStream::errors : LogStream::output;
    auto file = std::make_shared<std::ifstream>(log_.path_of(run->work, run->run, stream),
                                                std::ios::binary);
    exchange->stream([file, number = run->run]() -> Exchange::Page {
      std::string part(kLogPart, '\0');
      file->read(part.data(), static_cast<std::streamsize>(part.size()));
      part.resize(static_cast<std::size_t>(file->gcount()));
      return {{{"run", number}, {"data", base64(part)}}, part.size() == kLogPart};
    });
  });
}

void Methods::status(const ExchangePtr& exchange) {
  if (!read_parameters(exchange, [](JsonReader&) {})) return;
  ask(exchange, [this, exchange](TimePoint now) {
    const Scheduler& scheduler = manager_.scheduler();
    json::object status{{"version", kVersion},
                        {"pid", ::getpid()},
                        {"startedAt", format_time(identity_.started_at)},
                        {"uptimeMs", (now - identity_.started_at).count()},
                        {"socket", identity_.socket},
                        {"stateDirectory", identity_.state_directory},
                        {"unfinished", scheduler.unfinished_count()},
                        {"running", scheduler.running_count()},
                        {"maxParallel", scheduler.max_parallel()},
                        {"connections", connection_count_()}};
    if (const auto next = scheduler.next_wakeup()) status["nextWakeupAt"] = format_time(*next);
    exchange->reply(std::move(status));
  });
}

void Methods::tasks(const ExchangePtr& exchange) {
  if (!read_parameters(exchange, [](JsonReader&) {})) return;
  json::array list;
  for (const auto& [name, task] : settings_.tasks) {
    list.push_back({{"name", name},
                    {"command", json::value_from(task.command)},
                    {"dispatcher", task.dispatcher}});
  }
  exchange->reply({{"tasks", std::move(list)}});
}

}  // namespace wm
