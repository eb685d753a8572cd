#include "cli/render/last_words.h"

#include "cli/render/table.h"
#include "cli/render/terminal_text.h"
#include "core/text.h"

namespace wm::cli {
namespace {

// A line as a terminal would show it at its end: a carriage return begins it anew, and colours are
// left out.
std::string last_state_of(std::string_view line) {
  while (line.ends_with('\r') || line.ends_with('\n')) line.remove_suffix(1);
  if (const std::size_t anew = line.rfind('\r'); anew != std::string_view::npos) {
    line.remove_prefix(anew + 1);
  }
  std::string text;
  for (const char c : without_colors(line))
    text += c == '\t' ? std::string(4, ' ') : std::string(1, c);
  return printable(text.find_first_not_of(' ') == std::string::npos ? "" : text);
}

}  // namespace

// The last of them that are not blank.
std::vector<std::string> LastWords::shown(LastLines& lines) {
  std::vector<std::string> texts;
  for (const LogText& line : lines.take()) {
    if (std::string text = last_state_of(line.bytes); !text.empty()) texts.push_back(text);
  }
  if (texts.size() > kMost) texts.erase(texts.begin(), texts.end() - kMost);
  return texts;
}

bool LastWords::print(std::ostream& out, const Style& style, std::size_t width) {
  std::vector<std::string> lines = shown(errors_);
  const bool errors = !lines.empty();
  if (!errors) lines = shown(output_);
  if (lines.empty()) return false;
  out << "  " << (errors ? "stderr" : "stdout") << ", last lines:\n";
  for (const std::string& text : lines) {
    out << "    " << (width > 8 ? cut_to_width(text, width - 4, style.dots()) : text) << '\n';
  }
  return true;
}

}  // namespace wm::cli
