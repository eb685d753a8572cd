// Lists that may be larger than a message are sent in parts, which the daemon takes together or not
// at all.
#pragma once

#include "cli/client.h"

namespace wm::cli {

/// Calls Client::stream() with the list in several parts if one message cannot hold it. The
/// description of the interface explains `part` and `before`.
/// `on_sent` hears how many of the items the daemon has taken, after each part.
using OnSent = std::function<void(std::size_t sent, std::size_t all)>;
Result<> stream_in_parts(Client& client, std::string_view method, boost::json::object parameters,
                         std::string_view list, const Client::OnReply& on_reply,
                         const OnSent& on_sent);

}  // namespace wm::cli
