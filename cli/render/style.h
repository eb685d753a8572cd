// Styles words for a terminal: with colours, or none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace wm::cli {

class Style {
 public:
  /// `unicode`: the terminal has more signs than ASCII.
  explicit Style(bool colors, bool unicode = true) : colors_(colors), unicode_(unicode) {}

  /// Stand before a fact that is as it should be, and before one that is not.
  std::string yes() const { return unicode_ ? "✓" : "+"; }
  std::string no() const { return unicode_ ? "✗" : "x"; }
  /// Stand before a job that runs, and before one that waits.
  std::string running() const { return unicode_ ? "▶" : ">"; }
  std::string waiting() const { return unicode_ ? "○" : "o"; }
  /// Stands for a fact that there is none of.
  std::string none() const { return unicode_ ? "–" : "-"; }
  /// Stands before what would help.
  std::string arrow() const { return unicode_ ? "→" : "->"; }
  /// Parts of a tree: what goes on below, and what leads to a branch.
  std::string stem() const { return unicode_ ? "│  " : "|  "; }
  std::string branch(bool last) const {
    return unicode_ ? (last ? "└─ " : "├─ ") : (last ? "`- " : "|- ");
  }
  /// Stands for what is cut off, one column wide.
  std::string dots() const { return unicode_ ? "…" : "~"; }

  /// A bar of which `filled` columns are full, and the other ones of `columns` empty.
  std::string bar(std::size_t filled, std::size_t columns) const {
    std::string text;
    for (std::size_t i = 0; i < columns; ++i) {
      text += i < filled ? (unicode_ ? "█" : "#") : (unicode_ ? "▁" : ".");
    }
    return text;
  }
  /// The same for a part of a hundred.
  std::string percent_bar(std::int64_t percent, std::size_t columns) const {
    const auto part = static_cast<std::size_t>(std::clamp<std::int64_t>(percent, 0, 100));
    return bar((part * columns + 50) / 100, columns);
  }

  /// Stands before what nobody knows.
  std::string unknown() const { return "?"; }

  /// Parts of a band, from all to nothing, and a mark on the axis below it.
  std::string full_block() const { return unicode_ ? "█" : "#"; }
  std::string half_block() const { return unicode_ ? "▒" : "="; }
  std::string low_block() const { return unicode_ ? "░" : "-"; }
  std::string tick() const { return unicode_ ? "╵" : "|"; }

  std::string bold(std::string_view text) const { return paint("1", text); }
  std::string dim(std::string_view text) const { return paint("2", text); }
  std::string red(std::string_view text) const { return paint("31", text); }
  std::string green(std::string_view text) const { return paint("32", text); }
  std::string yellow(std::string_view text) const { return paint("33", text); }
  std::string blue(std::string_view text) const { return paint("34", text); }

  /// A state, an outcome or an event in its colour.
  std::string state(std::string_view word) const {
    if (word == "succeeded" || word == "completed") return green(word);
    if (word == "failed" || word == "cancelled") return red(word);
    if (word == "retry" || word == "interrupted" || word == "rescheduled") return yellow(word);
    return word.starts_with("running") || word == "started" ? blue(word) : std::string(word);
  }

 private:
  std::string paint(std::string_view code, std::string_view text) const {
    if (!colors_) return std::string(text);
    return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
  }

  bool colors_;
  bool unicode_;
};

}  // namespace wm::cli
