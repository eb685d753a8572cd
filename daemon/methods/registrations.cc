#include "daemon/methods/registrations.h"

#include <span>
#include <utility>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "core/limits.h"
#include "core/messages.h"
#include "daemon/store/stored_form.h"
#include "daemon/turn/admission.h"

namespace wm {

namespace json = boost::json;

namespace {

std::string new_uuid() {
  // Whoever knows an id gains nothing by it: one seed from the kernel is enough for all.
  static boost::uuids::random_generator_mt19937 generator;
  return to_string(generator());
}

// Adds the place of the declaration to its error.
Error told_of(const std::string& where, Error error) {
  if (!where.empty()) error.message = where + ": " + error.message;
  return error;
}

// A call of the largest size has an answer of one page.
constexpr std::size_t kResultsWeight = std::size_t{900} << 10;

// What became of the jobs of a file, and after them of those that it no longer declares.
struct Applied {
  std::shared_ptr<Parts<Registration>> file;
  std::vector<Registered> outcome;
  std::vector<std::string> undeclared;
};

// The jobs of the file are forgotten page by page: all of them at once take long.
Exchange::Page page_of(Applied& all, std::size_t& next) {
  std::vector<Registration>& declared = all.file->list;
  json::array results;
  for (std::size_t weight = 0; next < all.outcome.size() && weight < kResultsWeight; ++next) {
    const std::string name = next < declared.size()
                                 ? std::exchange(declared[next], {}).request.unique_name
                                 : all.undeclared[next - declared.size()];
    weight += name.size() + 48;
    results.push_back({{"uniqueName", name}, {"result", word(all.outcome[next].result)}});
  }
  return {{{"results", std::move(results)}}, next < all.outcome.size()};
}

void send(const ExchangePtr& exchange, const std::shared_ptr<Applied>& all) {
  exchange->stream([all, next = std::size_t{0}]() mutable { return page_of(*all, next); });
}

std::shared_ptr<Applied> applied(const std::shared_ptr<Parts<Registration>>& file,
                                 std::vector<Registered> outcome, Store& store) {
  auto all = std::make_shared<Applied>(file, std::move(outcome));
  for (std::size_t i = file->list.size(); i < all->outcome.size(); ++i) {
    all->undeclared.push_back(store.recorded(all->outcome[i].id).request.unique_name);
  }
  return all;
}

// A stored form of that size is made in advance; weight_of() leaves room for it.
constexpr std::size_t kShort = 256;

// The longest name to which a number may be added, in bytes.
constexpr std::size_t kMostBeforeNumber = 240;

// A registration from a call, and the program that it will run.
struct Declared {
  Registration registration;
  UsersCommand command;
};

Result<Declared> read_declared(const json::object& work, ExistingPolicy existing,
                               const Settings& settings, const Peer& peer) {
  auto request = checked_request(work, settings, peer);
  if (!request) return std::unexpected(request.error());
  if (auto valid = validate_existing(existing, request->kind); !valid) {
    return std::unexpected(valid.error());
  }
  auto command = command_of(*request, settings, peer.uid);
  if (!command) return std::unexpected(command.error());
  return Declared{{peer.uid, new_uuid(), std::move(*request), existing}, std::move(*command)};
}

}  // namespace

Result<WorkRequest> checked_request(const json::object& work, const Settings& settings,
                                    const Peer& peer) {
  auto request = request_from_json(work);
  if (!request) return request;
  if (auto valid = check_request(*request, settings, peer.uid); !valid) {
    return std::unexpected(valid.error());
  }
  return request;
}

// Answers a call that is invalid in itself, and leaves it out.
void Registrations::register_works(const std::vector<ExchangePtr>& calls) {
  auto list = std::make_shared<std::vector<Registering>>();
  for (const ExchangePtr& exchange : calls) {
    answer_alone(*exchange, [&] {
      if (auto one = read_registration(exchange)) list->push_back(std::move(*one));
    });
  }
  see_programs_of(list);
}

// Returns nothing if the call has been answered with an error.
std::optional<Registrations::Registering> Registrations::read_registration(
    const ExchangePtr& exchange) const {
  static const json::object kNone;
  const json::object* work = &kNone;
  auto existing = ExistingPolicy::keep;
  bool numbered = false;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("work", work).read("existing", existing).read("numbered", numbered);
      })) {
    return std::nullopt;
  }
  auto declared = read_declared(*work, existing, settings_, exchange->peer());
  if (!declared) return exchange->error(declared.error()), std::nullopt;
  if (numbered) {
    Registration& registration = declared->registration;
    if (registration.request.unique_name.size() > kMostBeforeNumber) {
      return exchange->error({ErrorCode::invalid, "the name is too long to have a number"}),
             std::nullopt;
    }
    registration.numbered = registration.request.unique_name;
  }
  return Registering{exchange, std::make_shared<Registration>(std::move(declared->registration)),
                     std::move(declared->command)};
}

// Looks at the programs in order. Calls behind one whose file system does not answer wait for it.
void Registrations::see_programs_of(const std::shared_ptr<std::vector<Registering>>& list) {
  if (list->empty()) return;
  std::vector<UsersCommand> commands;
  for (const Registering& one : *list) commands.push_back(one.command);
  inspector_.see_programs(list->front().exchange, std::move(commands),
                          [this, list](const std::vector<Result<>>& results) {
                            for (std::size_t i = 0; i < results.size(); ++i) {
                              const ExchangePtr& exchange = (*list)[i].exchange;
                              answer_alone(*exchange, [&] {
                                if (!results[i]) return exchange->error(results[i].error());
                                see_paths_of(exchange, (*list)[i].registration);
                              });
                            }
                            list->erase(list->begin(), list->begin() + std::ssize(results));
                            see_programs_of(list);
                          });
}

void Registrations::see_paths_of(const ExchangePtr& exchange,
                                 const std::shared_ptr<Registration>& registration) {
  inspector_.see_paths_of(exchange, {registration.get(), 1}, [this, exchange, registration] {
    auto outcome = std::make_shared<Result<Registered>>();
    pending_.push_back({exchange,
                        [this, registration, outcome](TimePoint now) {
                          manager_.registrar().choose_name(*registration);
                          *outcome = manager_.registrar().add(*registration, now);
                          if (*outcome) manager_.touch((*outcome)->id);
                        },
                        [this, exchange, registration, outcome](TimePoint now) {
                          if (!*outcome) return refusing(exchange, outcome->error());
                          const Registered& done = **outcome;
                          json::object reply = reply_to(*registration, done, now);
                          reply["result"] = word(done.result);
                          return replying(exchange, std::move(reply));
                        }});
  });
}

// A new job is as it was registered: only others must be read.
json::object Registrations::reply_to(const Registration& registration, const Registered& done,
                                     TimePoint now) const {
  const bool is_new = done.result != RegisterResult::kept && done.result != RegisterResult::updated;
  const Work* const row = manager_.scheduler().find(done.id);
  if (!is_new || !row) return views_.reply_with(done.id, now);
  WorkInfo info;
  info.work = *row;
  info.uuid = registration.uuid;
  info.request = registration.request;
  info.registered_at = now;
  return {{"work", views_.show(info, now)}};
}

void Registrations::apply(const ExchangePtr& exchange) {
  static const json::array kNone;
  const json::array* works = &kNone;
  bool prune = false;
  bool dry_run = false;
  bool imported = false;
  PartOfList part;
  if (!read_part(*exchange, part, [&](JsonReader& reader) {
        reader.read("works", works)
            .read("prune", prune)
            .read("imported", imported)
            .read("dryRun", dry_run);
      })) {
    return;
  }
  const auto parts = take_parts<Registration>(*exchange, part);
  if (!parts) return exchange->error(parts.error());
  const File& file = *parts;
  const std::size_t before = file->list.size();
  std::vector<UsersCommand> commands;
  if (auto read = read_works(*exchange, *works, !imported, *file, commands); !read) {
    return exchange->error(read.error());
  }
  see_works(exchange, file, before, std::move(commands), [=, this] {
    if (!part.part && dry_run) return preview(exchange, file, prune);
    if (!part.part) return apply_whole(exchange, file, prune);
    exchange->kept() = file;
    exchange->reply({{"results", json::array()}});
  });
}

// Adds them to the file, and their programs to `commands`.
Result<> Registrations::read_works(const Exchange& exchange, const json::array& works,
                                   bool are_declared, Parts<Registration>& file,
                                   std::vector<UsersCommand>& commands) const {
  const Peer& peer = exchange.peer();
  const std::size_t most = settings_.limits.max_work_per_owner;
  const std::size_t room = file.bytes() + room_.left_for(peer.uid);
  for (const json::value& one : works) {
    static const json::object kNone;
    const json::object* work = &kNone;
    std::string where;
    const auto read = JsonReader(one.as_object())
                          .read("work", work)
                          .read("where", where)
                          .finish("an entry of works");
    if (!read) return read;
    const auto refused = [&](const Error& error) -> Result<> {
      return std::unexpected(told_of(where, error));
    };
    auto declared = read_declared(*work, ExistingPolicy::update, settings_, peer);
    if (!declared) return refused(declared.error());
    commands.push_back(std::move(declared->command));
    Registration& registration = declared->registration;
    registration.applied = are_declared;
    registration.where = where;
    if (std::string stored = stored_rest(registration.request); stored.size() <= kShort) {
      registration.stored = std::move(stored);
    }
    const std::size_t bytes = weight_of(registration.request) + where.size();
    file.add(std::move(registration), bytes);
    if (file.list.size() > most) {
      return refused({ErrorCode::refused, "this job is one too many: there may be at most " +
                                              std::to_string(most) +
                                              " unfinished jobs (limits.max_work_per_owner)"});
    }
    if (file.bytes() > room) return refused(room_.exceeded());
  }
  return {};
}

// Goes on if the programs and paths of the file's jobs after the first `before` exist.
void Registrations::see_works(const ExchangePtr& exchange, const File& file, std::size_t before,
                              std::vector<UsersCommand> commands,
                              const std::function<void()>& then) {
  inspector_.see_programs(exchange, std::move(commands),
                          [=, this](const std::vector<Result<>>& results) {
                            for (std::size_t i = 0; i < results.size(); ++i) {
                              if (results[i]) continue;
                              const std::string& where = file->list[before + i].where;
                              return exchange->error(told_of(where, results[i].error()));
                            }
                            const auto fresh = std::span(file->list).subspan(before);
                            inspector_.see_paths_of(exchange, fresh, [file, then] { then(); });
                          });
}

void Registrations::apply_whole(const ExchangePtr& exchange, const File& file, bool prune) {
  auto outcome = std::make_shared<Result<std::vector<Registered>>>();
  pending_.push_back({exchange,
                      [this, file, outcome, prune](TimePoint now) {
                        *outcome = manager_.registrar().apply(file->list, prune, file->owner, now);
                        if (!*outcome) return;
                        for (const Registered& one : **outcome) manager_.touch(one.id);
                      },
                      [this, exchange, file, outcome](TimePoint) -> std::function<void()> {
                        if (!*outcome) return refusing(exchange, outcome->error());
                        return [exchange, all = applied(file, std::move(**outcome), store_)] {
                          send(exchange, all);
                        };
                      }});
}

void Registrations::preview(const ExchangePtr& exchange, const File& file, bool prune) {
  questions_.ask(exchange, [this, exchange, file, prune](TimePoint) {
    auto outcome = manager_.registrar().preview(file->list, prune, file->owner);
    if (!outcome) return exchange->error(outcome.error());
    send(exchange, applied(file, std::move(*outcome), store_));
  });
}

}  // namespace wm
