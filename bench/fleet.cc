// Measures a fleet's database: claims beside what bare statements do, the way from a registration
// to its start, and what agents ask while there is nothing to do.
#include <chrono>
#include <iostream>
#include <random>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "bench/figures.h"
#include "bench/timing.h"
#include "core/json_fields.h"
#include "fleet/agent/asking.h"
#include "fleet/database/connection.h"
#include "tests/fleet/test_fleet.h"

namespace wm {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using fleet::Connection;
using std::chrono::steady_clock;

constexpr int kRows = 400'000;
constexpr int kQueues = 60;
constexpr int kAtOnce = 8;
constexpr std::chrono::seconds kMeasured{3};

// Due work for any node, in sixty sets of needs.
void fill(fleet::TestDatabase& database) {
  database.value("truncate wm.work, wm.queue, wm.run, wm.piece cascade");
  database.value(
      "insert into wm.queue (needs, custom, labels, priority) select n, '{}', '{}', n % 3 from "
      "generate_series(0, 59) n");
  database.value(
      "insert into wm.work (name, placement, request, lease, hold) select 'w' || n, 'any', "
      "'{\"uniqueName\": \"w\", \"kind\": \"oneoff\", \"command\": [\"/bin/true\"], \"input\": {}, "
      "\"constraints\": {}}', '60 s', '60 s' from generate_series(1, " +
      std::to_string(kRows) + ") n");
  database.value(
      "insert into wm.piece (work_id, ordinal, alone, queue_id, due, enqueued_at, since, timing) "
      "select work_id, 1, true, (select min(queue_id) from wm.queue) + work_id % 60, now() - "
      "work_id * interval '1 ms', now(), now(), 0 from wm.work");
  database.value("analyze wm.work, wm.piece, wm.queue");
}

// An agent without a machine: it asks, takes, and ends what it has.
asio::awaitable<void> take_as_agent(Connection& node, steady_clock::time_point until,
                                    std::int64_t& claims) {
  std::int64_t seen = 0;
  do {
    json::object asked{{"holds", 255}, {"want", kAtOnce}, {"seen", seen}, {"take", true}};
    const auto taken = co_await node.call("ask", std::move(asked));
    if (!taken) throw std::runtime_error(taken.error().message);
    seen = number_of(*taken, "change");
    json::array ends;
    for (const json::value& value : array_of(*taken, "claims")) {
      const json::object& claim = value.as_object();
      json::object end{{"piece", claim.at("piece")}, {"fence", claim.at("fence")}, {"state", 1}};
      for (const char* const key : {"due", "since", "timing", "attempts", "periods"}) {
        end[key] = claim.at(key);
      }
      ends.push_back(std::move(end));
    }
    claims += static_cast<std::int64_t>(ends.size());
    json::object ended{{"ends", std::move(ends)}};
    if (!co_await node.call("report", std::move(ended))) throw std::runtime_error("report");
  } while (steady_clock::now() < until);
}

// The same by the barest statements: they know no nodes, no needs and no leases.
asio::awaitable<void> take_bare(Connection& node, steady_clock::time_point until, int at_once,
                                std::int64_t& claims) {
  const auto first = co_await node.query("select min(queue_id) from wm.queue");
  if (!first) throw std::runtime_error(first.error().message);
  const int lowest = std::stoi(first->at(0).at(0).value_or("1"));
  std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<int> queues(lowest, lowest + kQueues - 1);
  do {
    std::string take =
        "with taken as (update wm.piece set fence = fence + 1, until = now() + interval '60 s' "
        "where piece_id in (select piece_id from wm.piece where state = 0 and queue_id = " +
        std::to_string(queues(random)) +
        " and due <= now() and (until is null or until <= now()) order by due limit " +
        std::to_string(at_once) +
        " for update skip locked) returning piece_id) select array_agg(piece_id) from taken";
    const auto taken = co_await node.query(std::move(take));
    if (!taken) throw std::runtime_error(taken.error().message);
    const auto& pieces = taken->at(0).at(0);
    if (!pieces) continue;
    claims += std::count(pieces->begin(), pieces->end(), ',') + 1;
    const auto ended = co_await node.query(
        "update wm.piece set state = 1, until = null where piece_id = any ('" + *pieces + "')");
    if (!ended) throw std::runtime_error(ended.error().message);
  } while (steady_clock::now() < until);
}

// Claims a second of that many connections at once.
template <class Take>
double rate(const std::vector<std::string>& conninfos, Take take) {
  asio::io_context loop;
  std::vector<std::unique_ptr<Connection>> connections;
  std::exception_ptr problem;
  const auto keep = [&](const std::exception_ptr& failed) {
    if (failed) problem = failed;
  };
  for (const std::string& conninfo : conninfos) {
    asio::co_spawn(
        loop,
        [&, conninfo]() -> asio::awaitable<void> {
          auto connection = co_await Connection::open(conninfo);
          if (!connection) throw std::runtime_error(connection.error().message);
          connections.push_back(std::move(*connection));
        },
        keep);
  }
  while (connections.size() < conninfos.size() && !problem) loop.run_one();
  std::int64_t claims = 0;
  const auto go_on_until = [&](steady_clock::time_point until) {
    std::size_t running = connections.size();
    for (const auto& connection : connections) {
      asio::co_spawn(loop, take(*connection, until, claims), [&](const std::exception_ptr& failed) {
        keep(failed);
        --running;
      });
    }
    const auto all_ended = [&] { return running == 0; };
    while (!all_ended()) loop.run_one();
    if (problem) std::rethrow_exception(problem);
  };
  go_on_until({});  // Each once: a session plans its statements when it first needs them.
  claims = 0;
  go_on_until(steady_clock::now() + kMeasured);
  return static_cast<double>(claims) / std::chrono::duration<double>(kMeasured).count();
}

void measure_claims(Table& table, fleet::TestDatabase& database) {
  constexpr int kMost = 200;
  std::vector<std::string> nodes;
  for (int i = 0; i < kMost; ++i) nodes.push_back(database.enroll("n" + std::to_string(i)));
  fill(database);
  const std::string admin = database.address() + " user=admin";
  for (const int agents : {1, 8, 50, kMost}) {
    const std::vector<std::string> ours(nodes.begin(), nodes.begin() + agents);
    const std::vector<std::string> bare(static_cast<std::size_t>(agents), admin);
    const std::string name =
        "claims, " + std::to_string(agents) + (agents == 1 ? " agent" : " agents");
    const double claimed = rate(ours, take_as_agent);
    const double one_by_one = rate(bare, [](Connection& node, auto until, auto& claims) {
      return take_bare(node, until, 1, claims);
    });
    const double together = rate(bare, [](Connection& node, auto until, auto& claims) {
      return take_bare(node, until, kAtOnce, claims);
    });
    table.add({name, claimed, "/s", "bare SKIP LOCKED, one at once", one_by_one, Bound{0.6, true}});
    table.add({name + ", 8 at once", claimed, "/s", "bare SKIP LOCKED, 8 at once", together, {}});
  }
}

// From the start of wm-fleet register-oneoff to the first instruction of the job.
void measure_start(Table& table, fleet::TestDatabase& database) {
  constexpr int kTimes = 30;
  fleet::TestNode node(database, "starts");
  node.start();
  const auto run_time = [&](std::vector<std::string> command) {
    return milliseconds_of([&] { run_program(command); });
  };
  std::vector<double> ours;
  std::vector<double> yardstick;
  for (int i = 0; i < kTimes; ++i) {
    const std::string name = "start" + std::to_string(i);
    ours.push_back(milliseconds_of([&] {
      database.wm_fleet({"register-oneoff", name, "--", "true"});
      while (
          database.value("select state from wm.piece join wm.work using (work_id) where name = '" +
                         name + "'") != "1") {
      }
    }));
    yardstick.push_back(run_time({WM_PROGRAM, "--socket", node.daemon().socket(), "register-oneoff",
                                  name, "--", "true"}) +
                        run_time({WM_PROGRAM, "--socket", node.daemon().socket(), "wait", name}));
  }
  table.add({"registered, run and reported",
             median(ours),
             "ms",
             "wm register-oneoff + wm wait",
             median(yardstick),
             {}});
}

// Agents that find nothing, through a pool.
void measure_rest(Table& table, fleet::TestDatabase& database) {
  constexpr int kAgents = 1000;
  const auto pause = static_cast<int>(fleet::between_questions(kAgents, false).count());
  constexpr std::chrono::seconds kWatched{20};
  if (!fleet::TestPool::is_installed()) return;
  const std::string conninfo = database.enroll("resting");
  const fleet::TestPool pool(database, kAgents + 10);
  const std::string pooled = pool.address() + conninfo.substr(conninfo.find(" user="));
  asio::io_context loop;
  std::mt19937 random{20};
  std::int64_t asked = 0;
  int connected = 0;
  const auto rest = [&]() -> asio::awaitable<void> {
    auto connection = co_await Connection::open(pooled);
    ++connected;
    asio::steady_timer timer(loop);
    std::uniform_int_distribution<int> first(0, 3 * pause / 2);
    std::uniform_int_distribution<int> next(pause, 2 * pause);
    for (int wait = first(random);; wait = next(random)) {
      timer.expires_after(std::chrono::milliseconds(wait));
      co_await timer.async_wait(asio::use_awaitable);
      json::object question{{"holds", 0}, {"want", 4}, {"seen", 1}};
      if (connection) static_cast<void>(co_await (*connection)->call("ask", std::move(question)));
      ++asked;
    }
  };
  for (int i = 0; i < kAgents; ++i) asio::co_spawn(loop, rest(), asio::detached);
  while (connected < kAgents) loop.run_one();
  asked = 0;
  loop.run_for(kWatched);
  table.add({"questions of 1,000 agents at rest",
             static_cast<double>(asked) / std::chrono::duration<double>(kWatched).count(), "/s", "",
             0, Bound{34}});
}

}  // namespace

void bench_fleet(Table& table) {
  if (!fleet::TestDatabase::is_installed()) {
    std::cout << "fleet: PostgreSQL is not installed\n";
    return;
  }
  fleet::TestDatabase database;
  measure_start(table, database);
  measure_claims(table, database);
  measure_rest(table, database);
}

}  // namespace wm
