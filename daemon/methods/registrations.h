// The calls that register jobs: Register, and Apply with the jobs of a file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/methods/inspector.h"
#include "daemon/methods/parts.h"
#include "daemon/methods/pending.h"
#include "daemon/methods/work_views.h"

namespace wm {

/// The request in `work`, if that user may register it here: see check_request().
Result<WorkRequest> checked_request(const boost::json::object& work, const Settings& settings,
                                    const Peer& peer);

class Registrations {
 public:
  Registrations(WorkManager& manager, Store& store, const Settings& settings,
                const WorkViews& views, const Inspector& inspector, const RoomForParts& room,
                PendingChanges& pending, PendingQuestions& questions)
      : manager_(manager),
        store_(store),
        settings_(settings),
        views_(views),
        inspector_(inspector),
        room_(room),
        pending_(pending),
        questions_(questions) {}

  /// The method Register, for several calls of one connection: their programs are looked at
  /// together, and they are decided in their order.
  void register_works(const std::vector<ExchangePtr>& calls);
  /// The method Apply. The jobs may come in parts.
  void apply(const ExchangePtr& exchange);

 private:
  struct Registering {
    ExchangePtr exchange;
    std::shared_ptr<Registration> registration;
    UsersCommand command;
  };
  using File = std::shared_ptr<Parts<Registration>>;

  std::optional<Registering> read_registration(const ExchangePtr& exchange) const;
  void see_programs_of(const std::shared_ptr<std::vector<Registering>>& list);
  void see_paths_of(const ExchangePtr& exchange, const std::shared_ptr<Registration>& registration);

  boost::json::object reply_to(const Registration& registration, const Registered& done,
                               TimePoint now) const;

  Result<> read_works(const Exchange& exchange, const boost::json::array& works, bool are_declared,
                      Parts<Registration>& file, std::vector<UsersCommand>& commands) const;
  void see_works(const ExchangePtr& exchange, const File& file, std::size_t before,
                 std::vector<UsersCommand> commands, const std::function<void()>& then);
  void preview(const ExchangePtr& exchange, const File& file, bool prune);
  void apply_whole(const ExchangePtr& exchange, const File& file, bool prune);

  WorkManager& manager_;
  Store& store_;
  const Settings& settings_;
  const WorkViews& views_;
  const Inspector& inspector_;
  const RoomForParts& room_;
  PendingChanges& pending_;
  PendingQuestions& questions_;
};

}  // namespace wm
