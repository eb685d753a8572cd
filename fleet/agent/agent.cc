#include "fleet/agent/agent.h"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "cli/render/local_time.h"
#include "core/json_fields.h"
#include "core/version.h"
#include "fleet/agent/asking.h"
#include "fleet/agent/boot_clock.h"
#include "fleet/agent/this_machine.h"
#include "fleet/schema.h"

namespace wm::fleet {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

// The channel that says that claims have ended; anybody may say so, which costs a question.
constexpr std::string_view kClosed = "wm_fleet_closed";

// An agent works with a schema that is one version newer; empty: this one is.
std::string other_schema(std::int64_t version) {
  const auto known = static_cast<std::int64_t>(kMigrations.size());
  if (version == known || version == known + 1) return "";
  return "the schema has version " + std::to_string(version) + ", and this wm-fleet knows " +
         std::to_string(known) +
         (version < known ? ": the administrator should run wm-fleet migrate"
                          : ": install a newer one on this node");
}

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
  co_await hand_back(held_.to_hand_back(since_boot()));
  co_await look_at_conditions();
  co_await ask_for_work();
  co_await look_at_each();
  co_await report();
}

// When a turn has something to do if nobody wakes it.
Duration Agent::next_time() const {
  // The followers of a lost connection wake it when they end.
  if (!daemon_ && following_ > 0) return since_boot() + 1min;
  if (!daemon_) return daemon_retry_.end();
  if (!database_) return database_retry_.end();
  Duration next = std::min(asks_at(), held_.next_time().value_or(ask_at_));
  if (closed_at_ && held_.size() > 0) next = std::min(next, *closed_at_);
  if (each_changed_ && !each_.empty()) next = std::min(next, each_at_);
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
  database_retry_.begin(since_boot(), random_);
}

asio::awaitable<bool> Agent::meet_database() {
  if (database_ && !database_->alive()) {
    lose_database("unreachable", {ErrorCode::unreachable, "the connection is gone"});
  }
  if (database_) co_return true;
  if (since_boot() < database_retry_.end() || !daemon_) co_return false;
  const auto conninfo = conninfo_of(settings_);
  if (!conninfo) {
    lose_database("refused", conninfo.error());
    co_return false;
  }
  auto connection = co_await Connection::open(*conninfo);
  if (!connection) {
    // A node that is revoked is in no line of pg_hba.conf any more.
    const bool refused = connection.error().message.find("authentication") != std::string::npos ||
                         connection.error().message.find("pg_hba.conf") != std::string::npos;
    lose_database(refused ? "refused" : "unreachable", connection.error());
    co_return false;
  }
  database_ = std::move(*connection);
  database_->listen(
      [this](std::string_view channel) {
        const Duration now = since_boot();
        if (channel == kClosed) {
          const Duration then = closed_pause_.follow(now);
          closed_at_ = std::min(closed_at_.value_or(then), then);
        }
        ask_at_ = std::min(ask_at_, ask_pause_.follow(now) + some_of(crowd_of(nodes_)));
        wake();
      },
      [this] { wake(); });
  const auto direct = co_await database_->is_direct();
  hints_come_ = direct && *direct;
  if (hints_come_) {
    static_cast<void>(co_await database_->query("listen wm_fleet; listen wm_fleet_closed"));
  } else {
    spdlog::info("a pool of connections stands between, through which no hints come");
  }
  json::object said{{"version", kVersion},
                    {"machine", this_machine() + ' ' + socket_of(settings_)},
                    {"labels", to_json(settings_.labels)},
                    {"claims", held_.leases()}};
  const auto greeting = co_await ask("hello", std::move(said));
  if (!greeting) co_return false;
  std::string problem = other_schema(number_of(*greeting, "schema"));
  if (const std::string known = text_of(*greeting, "node"); known != settings_.node) {
    problem = "the database knows it as node " + known + ", and node is " + settings_.node +
              ": take the file that enroll has printed for this node";
  }
  if (!problem.empty()) {
    lose_database("refused", {ErrorCode::refused, problem});
    co_return false;
  }
  const std::vector<std::string> lost = held_.confirm(array_of(*greeting, "claims"));
  unwanted_.insert(unwanted_.end(), lost.begin(), lost.end());
  closed_at_ = Duration::zero();  // Nobody has told it meanwhile.
  cursor_ = time_of(*greeting, "cursor");
  nodes_ = number_of(*greeting, "nodes");
  seen_ = 0;
  ask_at_ = Duration::zero();
  for (auto& [name, each] : each_) each.told = false;
  each_changed_ = true;
  database_retry_.succeeded();
  status_.database = "connected";
  status_.database_problem.clear();
  status_.since = format_time(cli::now());
  spdlog::info("connected to the fleet's database as node {}", text_of(*greeting, "node"));
  if (!recovered_) co_return co_await recover_runs();
  co_return true;
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

}  // namespace wm::fleet
