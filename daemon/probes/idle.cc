#include "daemon/probes/idle.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include "daemon/system/clock.h"

namespace wm {
namespace {

// Terminals, inhibitors and the load change without an event: while a job waits for idleness they
// are looked at this often.
constexpr std::chrono::minutes kInterval{2};

constexpr const char* kLogind = "org.freedesktop.login1";

std::optional<TimePoint> last_use_of_terminals() {
  std::optional<TimePoint> last;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/pts", none)) {
    struct stat status{};
    if (entry.path().filename() == "ptmx" || ::stat(entry.path().c_str(), &status) != 0) continue;
    const auto used =
        std::chrono::floor<Duration>(std::chrono::system_clock::from_time_t(status.st_atim.tv_sec));
    last = std::max(last.value_or(used), used);
  }
  return last;
}

double load_without(int own_runs) {
  double load = 0;
  if (::getloadavg(&load, 1) != 1) return 0;
  const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
  return std::max(0.0, load - own_runs) / processors;
}

// `a:b` lists the inhibited operations.
bool lists(const std::string& list, std::string_view what) {
  return (':' + list + ':').find(':' + std::string(what) + ':') != std::string::npos;
}

}  // namespace

IdleJudgement judge_idle(const IdleFacts& facts, const IdleSettings& settings, TimePoint now) {
  if (!facts.answered) return {false, "logind", "being asked", {}};
  if (facts.inhibited) return {false, "logind", "a program holds idleness off", {}};
  const auto since = [&](TimePoint used, const char* source, const std::string& what) {
    const TimePoint quiet = std::max(used, facts.started);
    const bool idle = quiet + settings.after <= now;
    if (idle) return IdleJudgement{true, source, what, {}};
    return IdleJudgement{false, source,
                         fmt::format("{} for {}, not long enough", what,
                                     rough_duration(std::max(now - quiet, Duration::zero()))),
                         quiet + settings.after};
  };
  if (facts.sessions > 0) {
    if (!facts.hint) return {false, "logind", "a session is in use", {}};
    // Until somebody has used a session, its time is 1970.
    return since(facts.hint_since, "logind", "no session is in use");
  }
  if (facts.load > settings.max_load) {
    return {
        false, "load", fmt::format("{:.2f} per processor, nobody is logged in", facts.load), {}};
  }
  if (facts.last_use)
    return since(*facts.last_use, "input", "no terminal or input device is in use");
  return {true, "load", fmt::format("{:.2f} per processor, nobody is logged in", facts.load), {}};
}

IdleProbe::IdleProbe(boost::asio::io_context& loop, Bus& bus, const IdleSettings& settings,
                     std::function<int()> own_runs, Report report)
    : loop_(loop),
      bus_(bus),
      settings_(settings),
      own_runs_(std::move(own_runs)),
      report_(std::move(report)),
      started_(wall_clock_now()),
      again_(loop) {}

void IdleProbe::set_wanted(const Constraints& wanted) {
  if (!wanted.has(Constraint::idle)) {
    logind_.reset();
    devices_.reset();
    again_.cancel();
  } else if (!logind_) {
    logind_ = std::make_unique<BusObject>(
        bus_, kLogind, "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
        [this] { measure(); }, std::vector<std::string>{"SessionNew", "SessionRemoved"});
    measure();
  }
}

void IdleProbe::measure() {
  if (!logind_) return;
  const TimePoint now = wall_clock_now();
  IdleFacts facts;
  facts.answered = logind_->answered();
  facts.inhibited = lists(logind_->text("BlockInhibited").value_or(""), "idle");
  facts.sessions = logind_->number("NCurrentSessions").value_or(0);
  facts.hint = logind_->flag("IdleHint").value_or(false);
  facts.hint_since = TimePoint{std::chrono::duration_cast<Duration>(
      std::chrono::microseconds(logind_->number("IdleSinceHint").value_or(0)))};
  if (facts.answered) facts.last_use = last_use();
  facts.load = load_without(own_runs_());
  facts.started = started_;
  const IdleJudgement judged = judge_idle(facts, settings_, now);
  report_({Constraint::idle, judged.idle, judged.source, judged.detail});
  if (facts.answered) look_again(now, judged.changes);
}

std::optional<TimePoint> IdleProbe::last_use() {
  if (logind_->present()) {
    devices_.reset();
    return std::nullopt;
  }
  if (devices_) {
    devices_->refresh();
  } else {
    devices_ = std::make_unique<InputDevices>(loop_, [this] { measure(); });
  }
  return std::max(last_use_of_terminals(), devices_->last_use());
}

void IdleProbe::look_again(TimePoint now, std::optional<TimePoint> changes) {
  Duration wait = kInterval;
  if (changes) wait = std::clamp(*changes - now, Duration{1}, wait);
  again_.expires_after(wait);
  again_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || !logind_) return;
    logind_->refresh();
    measure();
  });
}

}  // namespace wm
