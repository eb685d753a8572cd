#include "cli/render/lines.h"

#include <utility>

namespace wm::cli {

void Lines::draw(const std::vector<std::string>& lines) {
  std::string text;
  if (drawn_ > 0) text += "\033[" + std::to_string(drawn_) + "A";
  for (const std::string& line : lines) text += "\r" + line + "\033[K\n";
  drawn_ = lines.size();
  out_ << text << "\033[J" << std::flush;
}

void Lines::clear() {
  if (const std::size_t drawn = std::exchange(drawn_, 0); drawn > 0) {
    out_ << "\033[" << drawn << "A\r\033[J" << std::flush;
  }
}

}  // namespace wm::cli
