// Questions about jobs and their runs, answered from the last commit.
#pragma once

#include "daemon/methods/past_questions.h"
#include "daemon/methods/pending.h"
#include "daemon/methods/work_views.h"

namespace wm {

class Questions {
 public:
  Questions(const WorkManager& manager, Store& store, const WorkViews& views,
            const PastQuestions& past, PendingQuestions& pending)
      : manager_(manager), store_(store), views_(views), past_(past), pending_(pending) {}

  // Each function is the method of that name.

  void show(const ExchangePtr& exchange);
  void why(const ExchangePtr& exchange);
  void forecast_runs(const ExchangePtr& exchange);
  void list(const ExchangePtr& exchange);
  void history(const ExchangePtr& exchange);

 private:
  using AnswerAboutWork = std::function<Result<boost::json::object>(WorkId id, TimePoint now)>;

  void ask_about_work(const ExchangePtr& exchange, const std::string& name, std::string_view member,
                      const AnswerAboutWork& answer);
  boost::json::object show_work(WorkId id, TimePoint now) const;
  boost::json::object explain_work(WorkId id, TimePoint now) const;
  boost::json::object expected_runs(const std::function<bool(const Work&)>& shown, Duration ahead,
                                    TimePoint now) const;
  Exchange::Page page_of_works(WorkFilter& filter, bool more, TimePoint now) const;
  boost::json::array chain_of(WorkId id) const;
  boost::json::array waited_so_far(WorkId id, TimePoint now) const;

  const WorkManager& manager_;
  Store& store_;
  const WorkViews& views_;
  const PastQuestions& past_;
  PendingQuestions& pending_;
};

}  // namespace wm
