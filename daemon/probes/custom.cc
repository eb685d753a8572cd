#include "daemon/probes/custom.h"

#include <algorithm>

namespace wm {
CustomProbe::CustomProbe(boost::asio::io_context& loop, HelperCommands& commands,
                         const std::map<std::string, CustomCondition>& declared, Report report)
    : loop_(loop), commands_(commands), declared_(declared), report_(std::move(report)) {}

void CustomProbe::set_wanted(const Constraints& wanted) {
  for (auto entry = checks_.begin(); entry != checks_.end();) {
    const auto& [name, check] = *entry;
    const auto declared = declared_.find(name);
    const bool stays = declared != declared_.end() && declared->second == check.condition &&
                       std::ranges::count(wanted.custom, name) > 0;
    entry = stays ? std::next(entry) : checks_.erase(entry);
  }
  for (const std::string& name : wanted.custom) {
    const auto declared = declared_.find(name);
    if (checks_.contains(name)) continue;
    if (declared == declared_.end()) {
      tell(name, false, "the configuration no longer declares it");
      continue;
    }
    Check& check = checks_.try_emplace(name, loop_).first->second;
    check.condition = declared->second;
    run(name, check);
  }
}

void CustomProbe::measure() {
  for (auto& [name, check] : checks_) run(name, check);
}

void CustomProbe::run(const std::string& name, Check& check) {
  if (check.command) return;
  const CustomCondition& condition = check.condition;
  check.command =
      commands_.start({condition.command, "", condition.time_limit},
                      [this, name](const HelperEnd& end) { take(name, checks_.at(name), end); });
}

void CustomProbe::take(const std::string& name, Check& check, const HelperEnd& end) {
  tell(name, end.success, end.detail);
  check.command.reset();
  check.pause.expires_after(check.condition.every);
  check.pause.async_wait([this, name](const boost::system::error_code& cancelled) {
    const auto found = checks_.find(name);
    if (!cancelled && found != checks_.end()) run(name, found->second);
  });
}

void CustomProbe::tell(const std::string& name, bool holds, std::string detail) {
  report_({ConditionId(Constraint::custom, name), holds, "command", std::move(detail)});
}

}  // namespace wm
