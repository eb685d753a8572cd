// How the outputs of prerequisites become a work's input.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "core/work.h"

namespace wm {

/// `input` and then `outputs`, JSON objects in the order of the prerequisites, as one. Overwrite: a
/// later value takes the place of an earlier one of its key. Arrays: every value becomes part of
/// its key's array, arrays by their elements.
Result<std::string> merge_inputs(Merge how, const std::string& input,
                                 const std::vector<std::string>& outputs);

}  // namespace wm
