// Starts the user's daemon if none answers.
#pragma once

#include <string>

#include "cli/arrival.h"
#include "core/error.h"

namespace wm::cli {

/// Starts it through its systemd unit if there is one, else as `wmd --user`, detached. Returns once
/// a daemon serves at `socket`, which `connect` asks: true if we started it, false if another
/// client did. The error contains what wmd said.
Result<bool> start_user_daemon(const std::string& socket, const Connect& connect);

}  // namespace wm::cli
