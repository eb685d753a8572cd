// Why a job failed that waited for others, and which of them to retry.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"

namespace wm::cli {

struct ChainFailure {
  std::string reason;              // `'fetch' failed: exit 65`
  std::vector<std::string> names;  // The jobs that failed, in the order for wm retry.
};

/// The first failure in the chain of that job; nothing: it is the job's own, or not on record.
std::optional<ChainFailure> failure_in_chain(Session& session, const std::string& name);

/// The jobs of the chain that have failed or were cancelled before `name`, and itself, each after
/// what it depends on.
std::vector<std::string> failed_before(const boost::json::array& chain, const std::string& name);

/// The same of those that depend on `name`, without itself.
std::vector<std::string> failed_after(const boost::json::array& chain, const std::string& name);

/// `wm retry fetch convert`
std::string retry_command(const std::vector<std::string>& names, const std::string& owner = "");

}  // namespace wm::cli
