// The users' words for each closed set of values: one table per enum, read in both directions.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/suggest.h"
#include "core/text.h"

namespace wm {

/// Specialised beside each enum: `noun` is the name of a value in an error, and `list` has the
/// words in the order of the enumerators.
template <class E>
struct Words;

template <class E>
constexpr std::string_view word(E value) {
  return Words<E>::list[static_cast<std::size_t>(value)];
}

inline std::string all_words(std::span<const std::string_view> list) { return join(list); }

template <class E>
std::string all_words() {
  return all_words(Words<E>::list);
}

/// The error about a text that is not in `list`.
inline std::unexpected<Error> unknown_word(std::string_view kind, std::string_view text,
                                           std::span<const std::string_view> list) {
  const std::string meant = did_you_mean(text, list);
  return fail(ErrorCode::invalid, "unknown " + std::string(kind) + " '" + std::string(text) + "'" +
                                      (meant.empty() ? ": use one of " + all_words(list) : meant));
}

template <class E>
Result<E> parse_word(std::string_view text) {
  const auto& list = Words<E>::list;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!text.empty() && list[i] == text) return static_cast<E>(i);
  }
  return unknown_word(Words<E>::noun, text, list);
}

/// yes, true, on, 1; no, false, off, 0.
constexpr std::optional<bool> parse_yes_no(std::string_view text) {
  for (const std::string_view yes : {"yes", "true", "on", "1"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"no", "false", "off", "0"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

}  // namespace wm
