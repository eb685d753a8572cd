// The figures, in groups that are measured together.
#pragma once

#include "bench/table.h"

namespace wm {

/// A durable registration by the client, in turns with tsp.
void bench_register(Table& table);
/// Many registrations: pipelined on one connection, and by `wm apply`.
void bench_many(Table& table);
/// The rate at which due jobs run to their ends.
void bench_drain(Table& table);
/// The time from the moment that a job is due to its child's first instruction.
void bench_dispatch(Table& table);
/// The time from UPower's signal that the plug is in to a job's first action.
void bench_reaction(Table& table);
/// Starts, memory and answers with 100,000 and 1,000,000 jobs, and the time that others wait.
void bench_size(Table& table);
/// The wake-ups of a daemon while nothing happens.
void bench_idle(Table& table);
/// The scheduler alone, without a daemon, with a thousand jobs waiting and with a million.
void bench_scheduler(Table& table);

/// Claims of a fleet's nodes beside bare statements, with a PostgreSQL of its own.
void bench_fleet(Table& table);

}  // namespace wm
