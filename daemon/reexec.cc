// Another program takes the daemon's place in the same process, for example after an upgrade:
// SIGUSR2, or `wm daemon reexec`. Children, clients and the sensors' measurements are handed over.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "core/check.h"
#include "daemon/daemon.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr const char* kAskedFor = "another program was asked for";

constexpr Duration kCheckLimit = 30s;
// The pause between checks that runs have begun or been cleared away, and answers been written.
// Usually one look is enough.
constexpr std::chrono::milliseconds kLook{2};
constexpr std::chrono::seconds kBegunOrEnded{10};
// A client that does not read is cut off after this time.
constexpr std::chrono::seconds kWritten{1};

void drop_calls_of(json::array& connections, std::string_view method) {
  for (auto one = connections.begin(); one != connections.end();) {
    json::object& connection = one->as_object();
    const json::value* const call = connection.if_contains("call");
    const bool dropped = call && call->at("method").as_string() == method;
    if (dropped) ::close(kept_descriptor(connection, "socket"));
    one = dropped ? connections.erase(one) : std::next(one);
  }
}

}  // namespace

void Daemon::reexec(const std::shared_ptr<Exchange>& asked) {
  if (stopping_) {
    if (asked) asked->error(Error{ErrorCode::refused, "the daemon is stopping"});
    return;
  }
  if (!replacement_) {
    Replacement& fresh =
        replacement_.emplace(Replacement{.again = boost::asio::steady_timer(loop_)});
    std::vector<std::string> command = options_.arguments;
    command.insert(command.begin(), options_.program);
    command.emplace_back("--check-config");
    fresh.check = commands_.start({std::move(command), "", kCheckLimit},
                                  [this](const HelperEnd& end) { take_check(end); });
  }
  if (asked) replacement_->asked.push_back(asked);
}

void Daemon::take_check(const HelperEnd& end) {
  if (!end.success) return keep_this_program(options_.program + " is not ready: " + end.detail);
  Replacement& replacement = checked(replacement_, kAskedFor);
  replacement.checked = true;
  replacement.began = std::chrono::steady_clock::now();
  manager_.hold_starts(true);
  server_->hold_calls(true);
}

// Called at the end of a turn, when every decision has been carried out.
void Daemon::try_to_hand_over() {
  Replacement& replacement = checked(replacement_, kAskedFor);
  const auto time = std::chrono::steady_clock::now() - replacement.began;
  const bool quiet = turn_problem_.empty() && !methods_.has_work() &&
                     !manager_.has_unsaved_ends() && runner_.can_hand_over() &&
                     (server_->can_hand_over() || time > kWritten);
  if (stopping_) return keep_this_program("the daemon is stopping");
  if (const std::string problem = store_->misplaced(); !problem.empty()) {
    return keep_this_program(problem);  // The next program would begin with another queue.
  }
  if (!quiet && time > kBegunOrEnded) {
    return keep_this_program("some runs have not come to begin, or to their end");
  }
  if (!quiet) {
    replacement.again.expires_after(kLook);
    replacement.again.async_wait([](const boost::system::error_code&) {});
    return;
  }
  spdlog::info("{} takes over: {} runs go on", options_.program,
               manager_.scheduler().running_count());
  store_->sync();
  Handover handover;
  handover.parts["children"] = manager_.hand_over();
  handover.parts["runs"] = runner_.hand_over(handover);
  handover.parts["strangers"] = json::value_from(runner_.strangers());
  handover.parts["sensors"] = sensing_.sensors().hand_over();
  handover.parts["clients"] = server_->hand_over(handover);
  const Error problem = handover.exec(options_.program, options_.arguments);
  // We are the next program ourselves, but whoever asked for another one must not hear of a
  // success.
  runner_.resume();
  json::object& clients = handover.parts["clients"].as_object();
  drop_calls_of(clients["connections"].as_array(), "io.wm.Scheduler.Reexec");
  server_->take_over(clients);
  keep_this_program(problem.message);
}

void Daemon::keep_this_program(const std::string& why) {
  spdlog::error("the running program stays: {}", why);
  for (const auto& asked : checked(replacement_, kAskedFor).asked)
    asked->error(Error{ErrorCode::failed, why});
  replacement_.reset();
  manager_.hold_starts(false);
  server_->hold_calls(false);
  boost::asio::post(loop_, [] {});  // This causes a turn that starts what was held.
}

}  // namespace wm
