// Lets an import leave alone the jobs that come from elsewhere.
#pragma once

#include "cli/import/entry.h"
#include "cli/session.h"

namespace wm::cli {

/// A name that another job has gets a number, NAME-2, and a note says so. A job of an earlier
/// import keeps its name, so that none is there twice.
Result<> choose_free_names(Session& session, Import& import);

}  // namespace wm::cli
