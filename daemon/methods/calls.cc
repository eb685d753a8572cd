#include "daemon/methods/calls.h"

#include <utility>

#include <unistd.h>

#include "core/suggest.h"
#include "core/text.h"
#include "daemon/system/users.h"

namespace wm {
namespace {

constexpr int kMostNames = 1000;  // The names among which a mistyped one is looked for.

}  // namespace

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

void no_such_work(Exchange& exchange, Store& store, const std::string& name) {
  const uid_t asker = exchange.peer().uid;
  boost::json::object parameters{{"uniqueName", name}};
  const std::string what = "no such job: '" + printable(name) + "'";
  const std::vector<std::string> names = store.names(asker, kMostNames);
  const std::string_view meant =
      closest(name, std::vector<std::string_view>(names.begin(), names.end()));
  const std::optional<uid_t> owner = asker == 0 ? store.owner_of(name) : std::nullopt;
  if (owner) {
    const auto user = find_user(*owner);
    parameters["message"] =
        what + " of yours: use --owner " + (user ? user->name : std::to_string(*owner));
  } else if (!meant.empty()) {
    parameters["message"] = what + ": did you mean '" + printable(meant) + "'?";
  }
  exchange.error("io.wm.Scheduler.NoSuchWork", std::move(parameters));
}

void answer_alone(Exchange& exchange, const std::function<void()>& body) {
  try {
    body();
  } catch (const std::exception& e) {
    exchange.fail(error_of(e));
  }
}

}  // namespace wm
