// Varlink's messages (varlink.org): calls, replies and errors, each one JSON object.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "core/error.h"

namespace wm::varlink {

struct Call {
  std::string method;  // With its interface: `io.wm.Scheduler.List`.
  boost::json::object parameters;
  bool more = false;     // The caller takes several replies.
  bool oneway = false;   // The caller takes none.
  bool small = false;    // By the interface's name in small letters; its errors have that, too.
  std::size_t size = 0;  // Bytes of the message; 0: another program has read it.
};

Result<Call> parse_call(std::string_view message);

/// Each ends with the byte 0 that ends a message.
std::string reply(boost::json::object parameters, bool continues);
std::string error(std::string_view name, boost::json::object parameters);

/// The interface of the service itself, which every Varlink service has: its methods' replies, or
/// nothing where `call` is not one of them.
std::optional<std::string> answer_introspection(const Call& call);

/// The name of an error on the wire, and its sentence in `message`.
std::string error(const Error& problem);

/// The same as answers to `call`.
std::string error(const Call& call, std::string_view name, boost::json::object parameters);
std::string error(const Call& call, const Error& problem);

}  // namespace wm::varlink
