// The variables in a file, in the form of systemd's EnvironmentFile=. A starting child reads it
// with the rights of its user, so this code calls nothing and allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/system/in_child.h"

namespace wm {

/// The most bytes of such a file.
inline constexpr std::size_t kMostInVariablesFile = std::size_t{64} << 10;
/// The most variables that it can have: the shortest line is `A=`.
inline constexpr std::size_t kMostVariables = kMostInVariablesFile / 3 + 1;

enum class VariablesProblem : std::uint8_t {
  none,
  not_a_file,
  too_large,
  nul,
  no_assignment,
  name_of_wm,
  open_quote,
  after_quote,
};

/// Goes from one variable of a text to the next. It puts them into the text itself, which has room
/// for one more byte after its end.
struct VariablesReader {
  char* at = nullptr;
  char* end = nullptr;
  int line = 1;
  VariablesProblem problem = VariablesProblem::none;

  /// The next one as NAME=VALUE, ended by a byte 0; nullptr: there is none, or there is a problem
  /// in that line.
  WM_IN_CHILD char* next() {
    skip_to_assignment();
    if (at == end) return nullptr;
    skip_word("export");
    char* const name = at;
    while (at != end && is_in_name(*at)) ++at;
    const bool named = at != name && !is_digit(*name);
    if (!named || at == end || *at != '=') return stop(VariablesProblem::no_assignment);
    if (at - name >= 3 && name[0] == 'W' && name[1] == 'M' && name[2] == '_') {
      return stop(VariablesProblem::name_of_wm);
    }
    ++at;
    value_end_ = at;
    skip_blanks();
    const bool quoted = at != end && (*at == '\'' || *at == '"');
    if (quoted) {
      take_quoted();
    } else {
      take_plain();
    }
    if (problem != VariablesProblem::none) return nullptr;
    if (at != end) skip_newline();
    *value_end_ = 0;
    return name;
  }

 private:
  WM_IN_CHILD static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  WM_IN_CHILD static bool is_in_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
  }
  WM_IN_CHILD static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

  WM_IN_CHILD char* stop(VariablesProblem found) {
    problem = found;
    return nullptr;
  }

  WM_IN_CHILD void skip_newline() {
    ++at;
    ++line;
  }

  WM_IN_CHILD void skip_blanks() {
    while (at != end && is_blank(*at)) ++at;
  }

  WM_IN_CHILD void skip_to_assignment() {
    for (;;) {
      skip_blanks();
      if (at == end) return;
      const bool comment = *at == '#' || *at == ';';
      if (!comment && *at != '\n') return;
      while (at != end && *at != '\n') ++at;
      if (at != end) skip_newline();
    }
  }

  // Skips that word with the blanks after it, if both are there.
  WM_IN_CHILD void skip_word(const char* word) {
    char* after = at;
    for (; *word != 0; ++word, ++after) {
      if (after == end || *after != *word) return;
    }
    if (after == end || !is_blank(*after)) return;
    at = after;
    skip_blanks();
  }

  // A backslash keeps the next character, and joins the next line.
  WM_IN_CHILD void take_plain() {
    char* out = value_end_;
    while (at != end && *at != '\n') {
      const bool escapes = *at == '\\';
      if (escapes && ++at == end) break;
      if (escapes && *at == '\n') {
        skip_newline();
        continue;
      }
      *out = *at++;
      // Blanks at the end do not count.
      if (escapes || !is_blank(*out)) value_end_ = out + 1;
      ++out;
    }
  }

  // Between double quotes a backslash keeps only what would be special; between single quotes
  // nothing is.
  WM_IN_CHILD void take_quoted() {
    const int opened = line;
    const char quote = *at++;
    while (at != end && *at != quote) {
      if (quote == '"' && *at == '\\' && at + 1 != end) {
        const char next = at[1];
        if (next == '"' || next == '\\' || next == '`' || next == '$' || next == '\n') ++at;
        if (next == '\n') {
          skip_newline();
          continue;
        }
      }
      if (*at == '\n') ++line;
      *value_end_++ = *at++;
    }
    if (at == end) {
      line = opened;
      problem = VariablesProblem::open_quote;
      return;
    }
    ++at;
    skip_blanks();
    if (at != end && *at != '\n') problem = VariablesProblem::after_quote;
  }

  char* value_end_ = nullptr;
};

}  // namespace wm
