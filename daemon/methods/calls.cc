#include "daemon/methods/calls.h"

#include <utility>

#include <unistd.h>

namespace wm {
std::optional<uid_t> visible_to(const Peer& peer) {
  return peer.uid == 0 ? std::nullopt : std::optional(peer.uid);
}

bool may_rule(Exchange& exchange, std::string_view what) {
  if (exchange.peer().uid == 0 || exchange.peer().uid == ::geteuid()) return true;
  exchange.error(Error{ErrorCode::not_permitted, "only root may " + std::string(what)});
  return false;
}

bool act_for(Exchange& exchange, std::optional<std::int64_t> owner) {
  const uid_t asker = exchange.peer().uid;
  if (!owner || std::cmp_equal(*owner, asker)) return true;
  if (!std::in_range<uid_t>(*owner)) {
    exchange.error(Error{ErrorCode::invalid, std::to_string(*owner) + " is no user's id"});
    return false;
  }
  if (asker != 0) {
    exchange.error(Error{ErrorCode::not_permitted, "only root may act for another user"});
    return false;
  }
  exchange.act_for(static_cast<uid_t>(*owner));
  return true;
}

void no_such_work(Exchange& exchange, const std::string& name) {
  exchange.error("io.wm.Scheduler.NoSuchWork", {{"uniqueName", name}});
}

void answer_alone(Exchange& exchange, const std::function<void()>& body) {
  try {
    body();
  } catch (const std::exception& e) {
    exchange.fail(error_of(e));
  }
}

}  // namespace wm
