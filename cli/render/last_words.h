// The last lines that a run has printed, as people see them below the reason for its end.
#pragma once

#include <ostream>

#include "cli/log_lines.h"
#include "cli/render/style.h"

namespace wm::cli {

class LastWords {
 public:
  void add(const LogText& text) { (text.errors ? errors_ : output_).add(text); }

  /// Prints a few lines, at most `width` columns wide (0: there is no terminal): those on standard
  /// error, if there are any. False: there is nothing to print.
  bool print(std::ostream& out, const Style& style, std::size_t width);

 private:
  static constexpr std::size_t kMost = 5;

  static std::vector<std::string> shown(LastLines& lines);

  LastLines output_{4 * kMost};
  LastLines errors_{4 * kMost};
};

}  // namespace wm::cli
