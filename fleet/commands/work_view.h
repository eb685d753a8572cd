// Fleet work as people see it: how it is on each node, what these lack, and its runs.
#pragma once

#include <optional>
#include <string>

#include <boost/json.hpp>

#include "core/time.h"
#include "fleet/command.h"

namespace wm::fleet {

/// False: the work has ended.
bool is_open(const std::string& state);

/// `any node`, `3 nodes`, `each node`
std::string placement_of(const boost::json::object& work);

/// The answer of wm.show_work(), in which each node has a state and says what is missing there.
void judge_nodes(boost::json::object& work, TimePoint now);

/// All of it in words: who has it, what it waits for, or how it has ended.
std::string sentence_of(const boost::json::object& work, TimePoint now);

/// The run that went wrong, if the work has failed, or waits after a run that has; nullptr:
/// neither.
const boost::json::object* failure_of(const boost::json::object& work);

void print_nodes(Context& context, const boost::json::object& work);
void print_runs(Context& context, const boost::json::array& runs, bool with_names);

}  // namespace wm::fleet
