#include "daemon/notify/notifier.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "core/messages.h"

namespace wm {
namespace {

constexpr std::size_t kMostEvents = 1000;

}  // namespace

void Notifier::tell(std::span<const StatusChange> changes, TimePoint now) {
  for (const StatusChange& change : changes) {
    const bool shown = settings_.debug || is_wanted(change, change.work.policy.get().notify);
    const bool commanded = has_command_for(change.status);
    if (!shown && !commanded) continue;
    const auto info = store_.info(change.work.id);
    if (!info) continue;
    if (shown) {
      desktop_.show(change.work.id, change.status, info->request.unique_name,
                    describe(change, now));
    }
    if (commanded) enqueue(boost::json::serialize(to_json(change, *info, now)) + '\n');
  }
}

bool Notifier::has_command_for(WorkStatus status) const {
  const NotifySettings& notify = settings_.notify;
  return !notify.command.empty() &&
         (notify.events.empty() || std::ranges::count(notify.events, status) > 0);
}

void Notifier::enqueue(std::string event) {
  if (events_.size() == kMostEvents) {
    if (dropped_++ == 0) spdlog::warn("notify.command is too slow: events are dropped");
    return;
  }
  events_.push_back(std::move(event));
  if (!command_) run_next();
}

void Notifier::run_next() {
  command_.reset();
  if (events_.empty()) {
    if (dropped_ > 0)
      spdlog::warn("notify.command has missed {} events", std::exchange(dropped_, 0));
    return;
  }
  if (settings_.notify.command.empty()) return events_.clear();  // It is no longer configured.
  command_ =
      commands_.start({settings_.notify.command, events_.front(), settings_.notify.time_limit},
                      [this](const HelperEnd& end) {
                        if (!end.success) spdlog::warn("notify.command: {}", end.detail);
                        run_next();
                      });
  events_.pop_front();
}

}  // namespace wm
