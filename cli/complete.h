// Answers a shell that asks for the words which may come next.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace wm::cli {

/// Prints what may stand in the place of the last of the words that follow `wm`: lines of
/// `OFFER<TAB>DESCRIPTION`, the description possibly empty. Some may not fit what is typed of the
/// word: the shell knows how it is to match. A line without a tab, then the only one, says what the
/// shell itself can offer: `:files`, `:directories`, or `:command` for the words after `--`.
/// Starts no daemon, and says nothing of errors: returns 0.
int complete(const std::vector<std::string>& words, std::ostream& out);

}  // namespace wm::cli
