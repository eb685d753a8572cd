// Starts the user's daemon where none answers.
#pragma once

#include <string>

#include "cli/arrival.h"
#include "core/error.h"

namespace wm::cli {

/// Through its systemd unit where there is one, else `wmd --user`, detached. Returns once one
/// serves at `socket`, which `connect` asks: false, if another client has started that one. An
/// error says what wmd said.
Result<bool> start_user_daemon(const std::string& socket, const Connect& connect);

}  // namespace wm::cli
