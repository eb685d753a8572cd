// The values that an option or an argument may be given, for a shell to offer.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace wm::cli {

/// The shells that know how to ask for offers.
enum class Shell : std::uint8_t { bash, zsh, fish };

struct Offer {
  std::string text;
  std::string says;  // A description; may be empty.

  bool operator==(const std::string& other) const { return text == other; }
};

struct Answer {
  std::vector<Offer> offers;
  std::string_view directive;  // What the shell itself offers, such as `:files`; empty: nothing.

  void add(std::string_view text, std::string_view says = "") {
    if (!text.empty()) offers.push_back({std::string(text), std::string(says)});
  }
  bool is_empty() const { return offers.empty() && directive.empty(); }
};

void offer_commands(Answer& answer);

/// Adds the values of an option or an argument of the command, or of all (empty); none if nobody
/// knows them. Names come from the daemon, if one answers soon.
void offer_values(std::string_view command, const CLI::Option& option, Session& session,
                  Answer& answer);

}  // namespace wm::cli

template <>
struct wm::Words<wm::cli::Shell> {
  static constexpr std::string_view noun = "SHELL";
  static constexpr std::array<std::string_view, 3> list{"bash", "zsh", "fish"};
};
