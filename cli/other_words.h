// Knows how other programs call the commands and options of wm.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace wm::cli {

/// The command of wm that is called so elsewhere: `cancel` for `rm`. Empty: none is.
std::string_view command_of_other_word(std::string_view word);

/// The option, with a value if it needs one, that is called so elsewhere: `--max-attempts` for
/// `--retries`. `knows`: whether the command has an option. Empty: none is.
std::string option_of_other_word(std::string_view word,
                                 const std::function<bool(const std::string&)>& knows);

}  // namespace wm::cli
