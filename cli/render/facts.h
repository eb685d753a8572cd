// Facts, one below the other: a label, and beside it the value, which goes on below itself.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/render/style.h"

namespace wm::cli {

class Facts {
 public:
  using Painter = std::function<std::string(std::string_view)>;

  /// `width`: that of the terminal; 0: there is none, and nothing is wrapped.
  Facts(std::ostream& out, const Style& style, std::size_t label, std::size_t width)
      : out_(out), style_(style), label_(label), width_(width) {}

  /// Prints nothing for an empty value. Control characters are shown escaped.
  void add(std::string_view label, std::string_view value, const Painter& paint = nullptr);

 private:
  std::ostream& out_;
  const Style& style_;
  std::size_t label_;  // The columns of the labels.
  std::size_t width_;
};

/// The text in lines of at most `width` columns, broken at spaces; a longer word stays whole. 0:
/// one line.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

/// Prints the sentence above the facts, wrapped.
void print_wrapped(std::ostream& out, const Style& style, std::string_view sentence,
                   std::size_t width);

}  // namespace wm::cli
