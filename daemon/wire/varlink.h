// Varlink's messages (varlink.org): calls, replies and errors, each one JSON object.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "core/error.h"

namespace wm::varlink {

struct Call {
  std::string method;  // Including its interface: `io.wm.Scheduler.List`.
  boost::json::object parameters;
  bool more = false;     // The caller takes several replies.
  bool oneway = false;   // The caller takes none.
  bool small = false;    // It used the interface's name in small letters; errors must, too.
  std::size_t size = 0;  // Bytes of the message; 0: another program has read it.
};

Result<Call> parse_call(std::string_view message);

/// These end with the byte 0 that ends a message.
std::string reply(boost::json::object parameters, bool continues);
std::string error(std::string_view name, boost::json::object parameters);

/// Answers the methods of the interface that every Varlink service has; nothing if `call` is not
/// one of them.
std::optional<std::string> answer_introspection(const Call& call);

/// The name of an error on the wire, and its sentence in `message`.
std::string error(const Error& problem);

/// The same as answers to `call`.
std::string error(const Call& call, std::string_view name, boost::json::object parameters);
std::string error(const Call& call, const Error& problem);

}  // namespace wm::varlink
