// What one event costs the scheduler, with a thousand works waiting and with a million.
#pragma once

namespace wm {

void bench_scheduler();

}  // namespace wm
