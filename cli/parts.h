// Lists that may be larger than a message: sent in parts, which the daemon takes together or not at
// all.
#pragma once

#include "cli/client.h"

namespace wm::cli {

/// As Client::stream(), where the parameters have that list. The daemon's methods say what their
/// `part` and `before` mean.
Result<> stream_in_parts(Client& client, std::string_view method, boost::json::object parameters,
                         std::string_view list, const Client::OnReply& on_reply);

}  // namespace wm::cli
