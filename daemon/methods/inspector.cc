#include "daemon/methods/inspector.h"

#include "daemon/turn/admission.h"

namespace wm {

void Inspector::see_programs(const ExchangePtr& exchange, std::vector<UsersCommand> commands,
                             ProgramChecks::Done then) const {
  look_at_programs_(exchange->peer().uid, std::move(commands),
                    [exchange, then = std::move(then)](const std::vector<Result<>>& results) {
                      answer_alone(*exchange, [&] { then(results); });
                    });
}

void Inspector::see_program(const ExchangePtr& exchange, const WorkRequest& request,
                            std::function<void()> then) const {
  auto command = command_of(request, settings_, exchange->peer().uid);
  if (!command) return exchange->error(command.error());
  see_programs(exchange, {std::move(*command)},
               [exchange, then = std::move(then)](const std::vector<Result<>>& results) {
                 if (!results.front()) return exchange->error(results.front().error());
                 then();
               });
}

void Inspector::see_paths(const ExchangePtr& exchange, std::vector<PathWatches::Globs> list,
                          std::function<void(const Fingerprints&)> then) const {
  if (list.empty()) return then({});
  paths_.look(exchange->peer().uid, std::move(list),
              [exchange, then = std::move(then)](const Result<Fingerprints>& seen) {
                if (!seen) return exchange->error(seen.error());
                then(*seen);
              });
}

void Inspector::see_paths_of(const ExchangePtr& exchange, std::span<Registration> registrations,
                             std::function<void()> then) const {
  std::vector<PathWatches::Globs> list;
  for (const Registration& one : registrations) {
    const auto& paths = one.request.trigger.paths;
    if (!paths.empty()) list.push_back(paths);
  }
  see_paths(exchange, std::move(list),
            [registrations, then = std::move(then)](const Fingerprints& seen) {
              auto next = seen.begin();
              for (Registration& one : registrations) {
                if (!one.request.trigger.paths.empty()) one.paths_seen = *next++;
              }
              then();
            });
}

}  // namespace wm
