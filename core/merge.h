// Merges the outputs of prerequisites into a job's input.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "core/work.h"

namespace wm {

/// Merges `input` and then `outputs`, which are JSON objects in the order of the prerequisites.
/// Overwrite: a later value replaces an earlier one with its key. Arrays: every value becomes part
/// of its key's array; arrays contribute their elements.
Result<std::string> merge_inputs(Merge how, const std::string& input,
                                 const std::vector<std::string>& outputs);

}  // namespace wm
