// Reads calls: their parameters, the user on whose behalf they are, and what that user may do.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/json_reader.h"
#include "daemon/store/store.h"
#include "daemon/wire/server.h"

namespace wm {

using ExchangePtr = std::shared_ptr<Exchange>;

/// The user whose jobs a caller sees and touches; nothing for root, who sees everybody's.
std::optional<uid_t> visible_to(const Peer& peer);

/// True for the daemon's own user and root: pretending and pausing affect everybody's jobs. Answers
/// anybody else with an error.
bool may_rule(Exchange& exchange, std::string_view what);

/// Answers with the name that was perhaps meant, and tells root whose job of that name there is.
void no_such_work(Exchange& exchange, Store& store, const std::string& name);

/// Calls `body`, which answers. An exception becomes the answer, and goes no further.
void answer_alone(Exchange& exchange, const std::function<void()>& body);

/// Every call may name an `owner`, as whom root then acts. Anybody else gets an error.
bool act_for(Exchange& exchange, std::optional<std::int64_t> owner);

/// Reads the call's parameters, and on whose behalf it is; answers errors in them. The exchange's
/// peer is the caller before this, and the user acted for after it.
template <class Read>
bool read_parameters(Exchange& exchange, Read read) {
  JsonReader reader(exchange.call().parameters);
  std::optional<std::int64_t> owner;
  read(reader.read("owner", owner));
  const auto done = reader.finish("the parameters");
  if (!done) exchange.error(done.error());
  return done.has_value() && act_for(exchange, owner);
}

/// The same for a call without parameters.
inline bool read_no_parameters(Exchange& exchange) {
  return read_parameters(exchange, [](JsonReader&) {});
}

}  // namespace wm
