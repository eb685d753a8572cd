// Measures the cost of one event for the scheduler, with a thousand jobs waiting and with a
// million.
#pragma once

namespace wm {

void bench_scheduler();

}  // namespace wm
