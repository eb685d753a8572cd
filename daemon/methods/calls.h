// Reading a call: its parameters, for whom it is, and what that user may do.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/json_reader.h"
#include "daemon/wire/server.h"

namespace wm {

using ExchangePtr = std::shared_ptr<Exchange>;

/// Whose work a caller sees and touches: root everybody's (nothing), others their own.
std::optional<uid_t> visible_to(const Peer& peer);

/// Pretending and pausing concern everybody's work: they are for the daemon's own user, and root.
/// Anybody else is answered so.
bool may_rule(Exchange& exchange, std::string_view what);

void no_such_work(Exchange& exchange, const std::string& name);

/// Calls `body`, which answers. What it throws becomes the answer, and goes no further.
void answer_alone(Exchange& exchange, const std::function<void()>& body);

/// Every call may name an `owner`: root then acts as that user would. Anybody else is told that
/// only root may.
bool act_for(Exchange& exchange, std::optional<std::int64_t> owner);

/// Reads the call's parameters, and on whose behalf it is; what is wrong with them is answered.
/// Before this, the exchange's peer is who has called, and after it who is acted for.
template <class Read>
bool read_parameters(Exchange& exchange, Read read) {
  JsonReader reader(exchange.call().parameters);
  std::optional<std::int64_t> owner;
  read(reader.read("owner", owner));
  const auto done = reader.finish("the parameters");
  if (!done) exchange.error(done.error());
  return done.has_value() && act_for(exchange, owner);
}

/// The same for a call that has none of its own.
inline bool read_no_parameters(Exchange& exchange) {
  return read_parameters(exchange, [](JsonReader&) {});
}

}  // namespace wm
