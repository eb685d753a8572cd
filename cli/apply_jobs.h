// Registers declared jobs, all or none, and says what becomes of each.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"
#include "cli/work_file.h"

namespace wm::cli {

struct ApplyTerms {
  bool prune = false;     // Cancel jobs that were applied before and are no longer declared.
  bool dry_run = false;   // Change nothing.
  bool imported = false;  // No file declares them: they are no business of a later prune.
};

/// The jobs that these files declare, in their order; `-` is standard input. It is an error if
/// there are none.
Result<std::vector<DeclaredWork>> read_works(const std::vector<std::string>& paths);

/// The call of the daemon.
Session::Question apply_question(const std::vector<DeclaredWork>& declared, ApplyTerms terms);

/// Calls it, and prints the results. Returns the exit status.
int apply_jobs(Session& session, const std::vector<DeclaredWork>& declared, ApplyTerms terms);

}  // namespace wm::cli
