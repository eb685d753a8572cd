#include "fleet/agent/agent.h"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "cli/caller.h"
#include "cli/render/local_time.h"
#include "core/json_fields.h"
#include "core/request_json.h"
#include "core/version.h"
#include "fleet/agent/boot_clock.h"
#include "fleet/schema.h"

namespace wm::fleet {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

// Without a hint: a hint may be lost, and where a pool of connections stands between, none comes.
constexpr Duration kAskLeast = 30s;
constexpr Duration kAskMost = 60s;
// A hint comes to all agents at once: the more there are, the longer the time over which they ask.
constexpr Duration kCrowd = 1s;
constexpr Duration kCrowdPerNode = 1ms;
// A job whose conditions hold has this long to start, whatever its claim's time to wait.
constexpr Duration kToStart = 2s;

// The channel that says that claims have ended; anybody may say so, which costs a question.
constexpr std::string_view kClosed = "wm_fleet_closed";

constexpr Duration kFirstPause = 500ms;
constexpr Duration kLongestPause = 30s;

// An agent works with a schema that is one version newer; empty: this one is.
std::string other_schema(std::int64_t version) {
  const auto known = static_cast<std::int64_t>(kMigrations.size());
  if (version == known || version == known + 1) return "";
  return "the schema has version " + std::to_string(version) + ", and this wm-fleet knows " +
         std::to_string(known) +
         (version < known ? ": the administrator should run wm-fleet migrate"
                          : ": install a newer one on this node");
}

Duration longer(Duration pause) { return std::clamp(pause * 2, kFirstPause, kLongestPause); }

}  // namespace

Agent::Agent(asio::io_context& loop, AgentSettings settings)
    : loop_(loop), settings_(std::move(settings)), timer_(loop) {
  status_.node = settings_.node;
}

void Agent::start() { asio::co_spawn(loop_, serve(), asio::detached); }

void Agent::stop() {
  stopping_ = true;
  wake();
}

void Agent::wake() {
  woken_ = true;
  timer_.cancel();
}

asio::awaitable<void> Agent::sleep_until(Duration time) {
  const Duration left = time - since_boot();
  if (woken_ || left <= Duration::zero()) co_return;
  timer_.expires_after(left);
  boost::system::error_code ignored;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> Agent::serve() {
  while (!stopping_) {
    woken_ = false;
    co_await turn();
    tell();
    if (!stopping_) co_await sleep_until(next_time());
  }
  if (events_) events_->close();
  if (conditions_) conditions_->close();
  daemon_.reset();
  database_.reset();
  if (stopped_) stopped_();
}

// One round of what may be due. Each part does nothing where there is nothing to do.
asio::awaitable<void> Agent::turn() {
  const bool daemon = co_await meet_daemon();
  const bool database = co_await meet_database();
  if (!daemon || !database) co_return;
  for (const std::string& name : std::exchange(unwanted_, {})) co_await cancel(name);
  co_await renew();
  co_await report();
  co_await hand_back_what_waits();
  co_await look_at_conditions();
  co_await ask_for_work();
  co_await look_at_each();
  co_await report();
}

// Forgets a claim, but not whose late events are of no more interest.
void Agent::drop(const std::string& name) {
  const auto found = held_.find(name);
  if (found == held_.end()) return;
  former_[name] = found->second.id;
  held_.erase(found);
}

int Agent::free_slots() const { return std::max(slots_ - static_cast<int>(held_.size()), 0); }

// When a turn has something to do if nobody wakes it.
Duration Agent::next_time() const {
  Duration next = since_boot() + kAskMost;
  if (!daemon_) next = std::min(next, daemon_after_);
  if (!database_) next = std::min(next, database_after_);
  if (!daemon_ || !database_) return next;
  next = std::min(next, ask_at_);
  for (const auto& [name, held] : held_) {
    const LeaseTimes times = lease_times(held.claim.lease, held.claim.request.stop_grace);
    next = std::min(next, held.renewed + times.renew_after);
    if (held.waits) next = std::min(next, *held.waits + std::max(held.claim.hold, kToStart));
  }
  return next;
}

Duration Agent::some_of(Duration most) {
  return Duration{std::uniform_int_distribution<std::int64_t>(0, most.count())(random_)};
}

void Agent::tell() const {
  NodeStatus status = status_;
  for (const auto& [name, held] : held_) {
    status.claims.push_back({{"name", name}, {"fence", held.claim.fence}, {"state", held.state}});
  }
  status.each = each_.size();
  status.unreported = dirty_.size() + unreported_runs_.size();
  static_cast<void>(write_status(status_file_of(settings_), status));
}

// ---- The database

void Agent::lose_database(const std::string& state, const Error& error) {
  if (status_.database != state || status_.database_problem != error.message) {
    spdlog::warn("the database: {}: {}", state, error.message);
    status_.since = format_time(cli::now());
  }
  status_.database = state;
  status_.database_problem = error.message;
  database_.reset();
  database_pause_ = longer(database_pause_);
  database_after_ = since_boot() + database_pause_ / 2 + some_of(database_pause_);
}

asio::awaitable<bool> Agent::meet_database() {
  if (database_ && !database_->alive()) {
    lose_database("unreachable", {ErrorCode::unreachable, "the connection is gone"});
  }
  if (database_) co_return true;
  if (since_boot() < database_after_ || !daemon_) co_return false;
  const auto conninfo = conninfo_of(settings_);
  if (!conninfo) {
    lose_database("refused", conninfo.error());
    co_return false;
  }
  auto connection = co_await Connection::open(*conninfo);
  if (!connection) {
    const bool refused = connection.error().message.find("authentication") != std::string::npos;
    lose_database(refused ? "refused" : "unreachable", connection.error());
    co_return false;
  }
  database_ = std::move(*connection);
  database_->listen(
      [this](std::string_view channel) {
        if (channel == kClosed) renew_at_ = since_boot();
        ask_at_ = std::min(ask_at_, since_boot() + some_of(crowd_));
        wake();
      },
      [this] { wake(); });
  const auto direct = co_await database_->is_direct();
  if (direct && *direct) {
    static_cast<void>(co_await database_->query("listen wm_fleet; listen wm_fleet_closed"));
  } else {
    spdlog::info("a pool of connections stands between, through which no hints come");
  }
  json::array claims;
  for (const auto& [name, held] : held_) {
    claims.push_back({{"piece", held.claim.piece}, {"fence", held.claim.fence}});
  }
  json::object said{
      {"version", kVersion}, {"labels", to_json(settings_.labels)}, {"claims", std::move(claims)}};
  const auto greeting = co_await ask("hello", std::move(said));
  if (!greeting) co_return false;
  if (const auto problem = other_schema(number_of(*greeting, "schema")); !problem.empty()) {
    lose_database("refused", {ErrorCode::refused, problem});
    co_return false;
  }
  take_claims(array_of(*greeting, "claims"));
  cursor_ = time_of(*greeting, "cursor");
  crowd_ = std::min(kCrowdPerNode * number_of(*greeting, "nodes"), kCrowd);
  seen_ = 0;
  ask_at_ = Duration::zero();
  for (auto& [name, each] : each_) each.told = false;
  each_changed_ = true;
  database_pause_ = Duration::zero();
  status_.database = "connected";
  status_.database_problem.clear();
  status_.since = format_time(cli::now());
  spdlog::info("connected to the fleet's database as node {}", text_of(*greeting, "node"));
  if (!recovered_) co_return co_await recover_runs();
  co_return true;
}

// The claims among those found in the daemon that are still ours; the others' jobs must end.
void Agent::take_claims(const json::array& claims) {
  for (const json::value& value : claims) {
    auto claim = claim_from_json(value.as_object());
    if (!claim || !held_.contains(claim->name)) continue;
    Held& held = held_[claim->name];
    held.claim = std::move(*claim);
    held.unknown = false;
    if (held.renewed == Duration::zero()) held.renewed = Duration{1};  // Renew it at once.
  }
  for (auto& [name, held] : held_) {
    if (!held.unknown || held.lost) continue;
    held.lost = true;
    if (held.state == "enqueued" || held.state == "running") unwanted_.push_back(name);
  }
}

asio::awaitable<std::optional<json::object>> Agent::ask(std::string function,
                                                        json::object parameters) {
  if (!database_) co_return std::nullopt;
  auto answer = co_await database_->call(function, std::move(parameters));
  if (answer) co_return std::move(*answer);
  constexpr std::string_view kReadOnly = "25006";
  const std::string state = database_->error_state();
  lose_database(state == kReadOnly                                ? "read-only"
                : answer.error().code == ErrorCode::not_permitted ? "refused"
                : database_->alive()                              ? "error"
                                                                  : "unreachable",
                answer.error());
  co_return std::nullopt;
}

// ---- Leases

// Renews all leases together once one is due.
asio::awaitable<void> Agent::renew() {
  const Duration sent = since_boot();
  const bool due = std::ranges::any_of(held_, [&](const auto& pair) {
    const auto& [name, held] = pair;
    const LeaseTimes times = lease_times(held.claim.lease, held.claim.request.stop_grace);
    return !held.lost && sent >= held.renewed + times.renew_after;
  });
  const bool asked = renew_at_ && sent >= *renew_at_;
  if (asked) renew_at_.reset();
  if (!due && !(asked && !held_.empty())) co_return;
  json::array claims;
  for (const auto& [name, held] : held_) {
    if (held.lost) continue;
    claims.push_back({{"piece", held.claim.piece},
                      {"fence", held.claim.fence},
                      {"running", held.state == "running"}});
  }
  json::object said{{"claims", std::move(claims)}};
  const auto answer = co_await ask("renew", std::move(said));
  if (!answer) co_return;
  std::set<std::int64_t> kept;
  for (const json::value& piece : array_of(*answer, "pieces"))
    kept.insert(piece.to_number<std::int64_t>());
  std::vector<std::string> lost;
  for (auto& [name, held] : held_) {
    if (held.lost) continue;
    if (kept.contains(held.claim.piece)) {
      held.renewed = sent;
    } else {
      held.lost = true;
      lost.push_back(name);
    }
  }
  co_await feed();
  for (const std::string& name : lost) {
    spdlog::warn("'{}': the claim is not ours any more", name);
    co_await cancel(name);
  }
}

// Tells the daemon since when the leases count.
asio::awaitable<void> Agent::feed() {
  std::map<Duration, json::array> names;  // By the last renewal, which most have in common.
  for (const auto& [name, held] : held_) {
    if (!held.lost && !held.state.empty()) names[held.renewed].emplace_back(local_name(name));
  }
  for (auto& [renewed, some] : names) {
    if (!daemon_) co_return;
    json::object said{{"uniqueNames", std::move(some)}, {"sinceBootMs", renewed.count()}};
    const auto fed = co_await daemon_->call("KeepAlive", std::move(said));
    if (!fed && fed.error().code == ErrorCode::unreachable) {
      co_return lose_daemon(fed.error().message);
    }
    if (!fed) spdlog::warn("wmd does not watch the leases: {}", fed.error().message);
  }
}

asio::awaitable<void> Agent::hand_back_what_waits() {
  std::vector<std::string> names;
  for (const auto& [name, held] : held_) {
    const bool waits =
        held.waits && since_boot() >= *held.waits + std::max(held.claim.hold, kToStart);
    if (waits && !held.lost) names.push_back(name);
  }
  co_await hand_back(std::move(names));
}

// The job ends first: nobody else may have the claim while it could still start.
asio::awaitable<void> Agent::hand_back(std::vector<std::string> names) {
  json::array claims;
  for (const std::string& name : names) {
    const auto found = held_.find(name);
    if (found == held_.end()) continue;
    Held& held = found->second;
    declined_[name] = since_boot() + std::max(held.claim.hold, kAskLeast);
    if (held.state == "running") continue;  // It has begun meanwhile.
    claims.push_back({{"piece", held.claim.piece}, {"fence", held.claim.fence}});
    if (!held.state.empty()) co_await cancel(name);
    drop(name);
  }
  if (claims.empty()) co_return;
  json::object said{{"claims", std::move(claims)}};
  static_cast<void>(co_await ask("hand_back", std::move(said)));
}

// ---- Work

asio::awaitable<void> Agent::ask_for_work() {
  if (!database_ || since_boot() < ask_at_) co_return;
  json::object said{{"holds", holds_},       {"custom", json::value_from(custom_)},
                    {"conditions", values_}, {"want", free_slots()},
                    {"take", true},          {"without", not_wanted()},
                    {"seen", seen_}};
  // Before the question: a hint that comes during it is about what the answer does not know.
  ask_at_ = since_boot() + kAskLeast + some_of(kAskMost - kAskLeast);
  const Duration sent = since_boot();
  const auto answer = co_await ask("ask", std::move(said));
  if (!answer) co_return;
  if (const json::value* next = answer->if_contains("nextMs"); next && next->is_number()) {
    ask_at_ = std::min(ask_at_,
                       since_boot() + Duration{number_of(*answer, "nextMs")} + some_of(kCrowd) / 4);
  }
  if (auto wanted = texts_of(*answer, "custom"); wanted != wanted_custom_) {
    wanted_custom_ = std::move(wanted);
    conditions_changed_ = true;
    wake();
  }
  if (const json::value* each = answer->if_contains("each"); each && each->is_array()) {
    co_await settle_each(each->as_array());
    seen_ = number_of(*answer, "change");
  }
  co_await hold(array_of(*answer, "claims"), sent);
  co_await claim(array_of(*answer, "offers"));
  // There may be more where these were.
  if (!array_of(*answer, "claims").empty()) ask_at_ = Duration::zero();
  if (free_slots() == 0) ask_at_ = std::max(ask_at_, since_boot() + kAskLeast);
  if (ask_at_ == Duration::zero()) wake();
}

// The work that it does not take now: it has some of it, or has just given it back.
json::array Agent::not_wanted() {
  std::erase_if(declined_, [](const auto& pair) { return since_boot() >= pair.second; });
  json::array names;
  for (const auto& [name, until] : declined_) names.push_back(json::value(name));
  for (const auto& [name, held] : held_) names.push_back(json::value(name));
  return names;
}

asio::awaitable<void> Agent::claim(json::array offers) {
  json::array pieces;
  std::map<std::string, bool> known;  // The daemon's answers for these constraints.
  std::set<std::string> names;
  for (const json::value& value : offers) {
    const json::object& offer = value.as_object();
    const std::string name = text_of(offer, "name");
    const auto declined = declined_.find(name);
    if (declined != declined_.end() && since_boot() < declined->second) continue;
    if (held_.contains(name) || !names.insert(name).second) continue;
    const std::string key =
        json::serialize(object_of(offer, "constraints")) + text_of(offer, "timeZone");
    const auto [entry, is_new] = known.try_emplace(key, false);
    if (is_new) {
      entry->second = co_await holds(object_of(offer, "constraints"), text_of(offer, "timeZone"));
    }
    if (entry->second) pieces.push_back(offer.at("piece"));
  }
  if (pieces.empty() || free_slots() == 0) co_return;
  const std::size_t offered = pieces.size();
  json::object said{{"pieces", std::move(pieces)}, {"want", free_slots()}};
  const Duration sent = since_boot();
  const auto answer = co_await ask("claim", std::move(said));
  if (!answer) co_return;
  co_await hold(array_of(*answer, "claims"), sent);
  // Other nodes took some of them, so the agent asks again.
  if (array_of(*answer, "claims").size() < offered) ask_at_ = Duration::zero();
}

// Registers claims that were asked for at `sent`.
asio::awaitable<void> Agent::hold(json::array claims, Duration sent) {
  for (const json::value& value : claims) {
    auto claim = claim_from_json(value.as_object());
    if (!claim) {  // A newer agent elsewhere may be able to read it.
      spdlog::warn("a claim cannot be read: {}", claim.error().message);
      continue;
    }
    const std::string name = claim->name;
    Held held;
    held.claim = std::move(*claim);
    held.renewed = sent;
    held_.insert_or_assign(name, std::move(held));
    co_await register_claim(name);
  }
}

asio::awaitable<void> Agent::register_claim(std::string name) {
  Held& held = held_.at(name);
  const auto registered =
      co_await register_here(local_claim(held.claim, settings_.node), ExistingPolicy::replace);
  if (registered) {
    held.id = *registered;
    if (held.state.empty()) held.state = "enqueued";
    if (!held.waits && held.state == "enqueued") held.waits = since_boot();
    co_await feed();
    co_return;
  }
  if (registered.error().code == ErrorCode::unreachable) {
    lose_daemon(registered.error().message);
    co_return;
  }
  constexpr Duration kUntilAskedAgain = 10min;  // The node's owner may change its mind.
  spdlog::warn("'{}': wmd does not take it: {}", name, registered.error().message);
  unreported_refusals_.push_back({{"name", name},
                                  {"generation", held.claim.generation},
                                  {"state", "refused"},
                                  {"missing", registered.error().message}});
  std::vector<std::string> names{name};
  co_await hand_back(std::move(names));
  declined_[name] = since_boot() + kUntilAskedAgain;
}

asio::awaitable<Result<std::string>> Agent::register_here(WorkRequest request,
                                                          ExistingPolicy existing) {
  if (!request.command.empty()) {
    auto program = cli::find_program(request.command.front());
    if (!program) co_return std::unexpected(program.error());
    request.command.front() = std::move(*program);
  }
  json::object said{{"work", to_json(request)}, {"existing", word(existing)}};
  const auto registered = co_await daemon_->call("Register", std::move(said));
  if (!registered) co_return std::unexpected(registered.error());
  co_return text_of(object_of(*registered, "work"), "id");
}

asio::awaitable<void> Agent::cancel(std::string name) {
  if (!daemon_) co_return;
  json::object said{{"uniqueNames", json::array{local_name(name)}}};
  const auto cancelled = co_await daemon_->call("Cancel", std::move(said));
  if (!cancelled && cancelled.error().code == ErrorCode::unreachable) {
    lose_daemon(cancelled.error().message);
  }
}

asio::awaitable<Result<std::string>> Agent::register_each(json::object wanted, int generation) {
  auto request = request_from_json(object_of(wanted, "request"));
  if (!request) co_return std::unexpected(request.error());
  co_return co_await register_here(local_each(std::move(*request), generation, settings_.node),
                                   ExistingPolicy::update);
}

// Brings the daemon's `each` work to what is wanted.
asio::awaitable<void> Agent::settle_each(json::array wanted) {
  std::set<std::string> names;
  for (const json::value& value : wanted) {
    const json::object& one = value.as_object();
    const std::string name = text_of(one, "name");
    const int generation = static_cast<int>(number_of(one, "generation"));
    names.insert(name);
    Each& each = each_[name];
    if (each.generation == generation) continue;
    const json::value* const ended = one.if_contains("ended");
    if (ended && ended->is_bool() && ended->get_bool()) {
      each_.erase(name);
      continue;
    }
    // Its events come while the daemon is asked to register it.
    each = {generation, "enqueued", "", false};
    each_changed_ = true;
    const auto registered = co_await register_each(one, generation);
    if (registered) continue;
    if (registered.error().code == ErrorCode::unreachable) {
      co_return lose_daemon(registered.error().message);
    }
    each_[name] = {generation, "refused", registered.error().message, false};
  }
  std::vector<std::string> gone;
  for (const auto& [name, each] : each_) {
    if (!names.contains(name)) gone.push_back(name);
  }
  for (const std::string& name : gone) {
    each_.erase(name);
    co_await cancel(name);
  }
}

}  // namespace wm::fleet
