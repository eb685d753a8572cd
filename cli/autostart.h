// Starts the user's daemon where none answers.
#pragma once

#include "core/error.h"

namespace wm::cli {

/// Through its systemd unit where there is one, else `wmd --user`, detached. Returns once it
/// serves.
Result<> start_user_daemon();

}  // namespace wm::cli
