#include "daemon/turns.h"

#include <spdlog/spdlog.h>

#include "daemon/methods/calls.h"

namespace wm {
namespace {

void refuse(const std::vector<PendingChange>& changes, const Error& problem) {
  for (const PendingChange& change : changes) change.exchange->error(problem);
}

}  // namespace

Result<> Turns::take(TimePoint now) {
  std::vector<PendingChange> changes = methods_.take_changes();
  Result<> done = take_together(changes, now);
  if (!done && !changes.empty()) {
    // One of them may be to blame. Events come first, without calls; then each change gets its own
    // turn.
    if (const auto without = take_together({}, now); !without) {
      refuse(changes, without.error());
    } else {
      for (PendingChange& change : changes) {
        if (const auto alone = take_together({change}, now); !alone) {
          refuse({change}, alone.error());
        }
      }
    }
  }
  methods_.answer_questions(now);
  methods_.resume_watchers(now);
  return done;
}

Result<> Turns::take_together(std::vector<PendingChange> changes, TimePoint now) {
  TurnReport report;
  std::vector<std::function<void()>> answers;
  try {
    report = decide(changes, now, answers);
  } catch (const StoreError& e) {
    return fail(ErrorCode::failed, std::string("it could not be saved: ") + e.what());
  } catch (const std::exception& e) {
    spdlog::error("a turn is undone: {}", e.what());
    return fail(ErrorCode::failed, std::string("wmd could not carry it out: ") + e.what());
  }
  for (std::size_t i = 0; i < changes.size(); ++i) answer_alone(*changes[i].exchange, answers[i]);
  methods_.answer_questions(now);
  methods_.tell(report, now);
  manager_.act();
  committed_(report, now);
  return {};
}

// Changes that spoil the turn are answered with an error, and taken out of `changes`.
TurnReport Turns::decide(std::vector<PendingChange>& changes, TimePoint now,
                         std::vector<std::function<void()>>& answers) {
  for (;;) {
    answers.assign(changes.size(), {});
    std::vector<Change> list;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      list.push_back(
          {[&one = changes[i], now] { one.decide(now); },
           [&one = changes[i], &answer = answers[i], now] { answer = one.compose(now); }});
    }
    try {
      return manager_.decide(now, list);
    } catch (const ChangeFailed& e) {
      changes[e.index()].exchange->error(e.error());
      changes.erase(changes.begin() + static_cast<std::ptrdiff_t>(e.index()));
    }
  }
}

}  // namespace wm
