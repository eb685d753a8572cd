// The calls that change existing jobs: decided in the turn's transaction, and answered once the
// change is on disk.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/methods/inspector.h"
#include "daemon/methods/parts.h"
#include "daemon/methods/pending.h"
#include "daemon/methods/work_views.h"

namespace wm {

class Changes {
 public:
  Changes(WorkManager& manager, Store& store, const Settings& settings, const WorkViews& views,
          const Inspector& inspector, const RoomForParts& room, PendingChanges& pending)
      : manager_(manager),
        store_(store),
        settings_(settings),
        views_(views),
        inspector_(inspector),
        room_(room),
        pending_(pending) {}

  // Each function is the method of that name.

  void update(const ExchangePtr& exchange);
  /// The names may come in parts.
  void cancel(const ExchangePtr& exchange);
  void retry(const ExchangePtr& exchange);
  void run(const ExchangePtr& exchange);
  void pause(const ExchangePtr& exchange);
  void resume(const ExchangePtr& exchange);
  void prune(const ExchangePtr& exchange);

 private:
  using Dependents = std::unordered_map<WorkId, std::size_t>;

  void change_work(const ExchangePtr& exchange, const std::string& name,
                   std::function<Result<>(WorkId, TimePoint)> body);
  Result<> update_work(WorkId id, const boost::json::object& changes, const Peer& peer,
                       const Inspector::Fingerprints& seen, TimePoint now);
  Result<WorkRequest> updated(const WorkInfo& info, const boost::json::object& changes,
                              const Peer& peer) const;
  void cancel_all(const ExchangePtr& exchange, const std::shared_ptr<Parts<std::string>>& named,
                  const std::string& tag);
  void send_works(const ExchangePtr& exchange, const std::shared_ptr<std::vector<WorkId>>& ids,
                  const std::shared_ptr<Dependents>& also, TimePoint now);
  Dependents dependents_of(const std::vector<WorkId>& ids) const;
  void retry_all(const ExchangePtr& exchange, const std::vector<std::string>& names);
  Result<> retry_works(const Exchange& exchange, const std::vector<WorkId>& ids, TimePoint now);
  bool has_jobs(const std::string& group) const;
  std::vector<WorkId> works_named(const std::vector<std::string>& names, uid_t owner,
                                  std::string& unknown) const;
  Exchange::Page page_of(const std::vector<WorkId>& ids, const Dependents& also, std::size_t& next,
                         TimePoint now) const;
  void prune_state(const ExchangePtr& exchange, const std::string& name);
  void prune_after(const ExchangePtr& exchange, WorkId after, std::size_t before);

  WorkManager& manager_;
  Store& store_;
  const Settings& settings_;
  const WorkViews& views_;
  const Inspector& inspector_;
  const RoomForParts& room_;
  PendingChanges& pending_;
};

}  // namespace wm
