#include "cli/render/terminal_text.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <utf8proc.h>

#include "core/text.h"

namespace wm::cli {
namespace {

constexpr std::size_t kLongestColor = 64;

// The length of a colour sequence at the beginning of `text`; 0: there is none. Nothing: it may go
// on.
std::optional<std::size_t> color_length(std::string_view text) {
  if (text.size() > 1 && text[1] != '[') return 0;
  const std::size_t end = text.find_first_not_of("0123456789;:", 2);
  if (text.size() < 2 || end == std::string_view::npos) {
    return text.size() < kLongestColor ? std::nullopt : std::optional<std::size_t>(0);
  }
  return text[end] == 'm' && end < kLongestColor ? end + 1 : 0;
}

}  // namespace

std::string without_colors(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const std::size_t color = text.front() == '\033' ? color_length(text).value_or(0) : 0;
    if (color == 0) plain += text.front();
    text.remove_prefix(std::max<std::size_t>(color, 1));
  }
  return plain;
}

namespace {

// The number of bytes at the end that may be the beginning of a character.
std::size_t cut_off(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}

struct CodePoint {
  utf8proc_int32_t code;
  std::size_t bytes;
};

// The first code point of non-empty text. A byte that is no UTF-8 is shown as one character.
CodePoint first_code_point(std::string_view text) {
  utf8proc_int32_t code = 0;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (length <= 0) return {0xfffd, 1};
  return {code, static_cast<std::size_t>(length)};
}

bool is_spacing_mark(utf8proc_int32_t code) {
  return utf8proc_category(code) == UTF8PROC_CATEGORY_MC;
}

bool is_regional_indicator(utf8proc_int32_t code) { return code >= 0x1f1e6 && code <= 0x1f1ff; }

// The width is judged here and not by the locale: names are UTF-8 whatever LANG says.
class ClusterWidth {
 public:
  void add(utf8proc_int32_t code) {
    constexpr utf8proc_int32_t kEmojiPresentation = 0xfe0f;
    if (is_spacing_mark(code)) {
      ++marks_;
    } else if (base_ == 0) {  // Some signs without a width come before their base.
      base_ = code < 0x80 ? 1 : static_cast<std::size_t>(utf8proc_charwidth(code));
    } else if (base_ == 1 && (code == kEmojiPresentation || is_regional_indicator(code))) {
      least_ = 2;  // Only a second indicator joins another: the two are a flag.
    }
  }
  std::size_t columns() const { return std::max(base_ + marks_, least_); }

 private:
  std::size_t base_ = 0;
  std::size_t marks_ = 0;
  std::size_t least_ = 0;
};

// A grapheme cluster: what people call a character, with its marks and other parts.
struct Cluster {
  std::size_t bytes;
  std::size_t columns;
};

// The first cluster of non-empty text.
Cluster first_cluster(std::string_view text) {
  const auto is_ascii = [&](std::size_t i) { return static_cast<unsigned char>(text[i]) < 0x80; };
  if (is_ascii(0) && (text.size() == 1 || is_ascii(1))) return {1, 1};
  CodePoint last = first_code_point(text);
  std::size_t bytes = last.bytes;
  ClusterWidth width;
  width.add(last.code);
  for (utf8proc_int32_t state = 0; bytes < text.size(); bytes += last.bytes) {
    const CodePoint next = first_code_point(text.substr(bytes));
    if (utf8proc_grapheme_break_stateful(last.code, next.code, &state)) break;
    width.add(next.code);
    last = next;
  }
  return {bytes, width.columns()};
}

}  // namespace

std::size_t display_width(std::string_view utf8) {
  std::size_t columns = 0;
  while (!utf8.empty()) {
    const Cluster next = first_cluster(utf8);
    columns += next.columns;
    utf8.remove_prefix(next.bytes);
  }
  return columns;
}

std::string cut_to_width(std::string_view utf8, std::size_t width, std::string_view dots) {
  std::size_t columns = 0;
  std::size_t kept = 0;  // The bytes that leave one column for the dots.
  for (std::size_t end = 0; end < utf8.size();) {
    const Cluster next = first_cluster(utf8.substr(end));
    end += next.bytes;
    columns += next.columns;
    if (columns > width) return std::string(utf8.substr(0, kept)).append(dots);
    if (columns < width) kept = end;
  }
  return std::string(utf8);
}

std::string TerminalText::take(std::string_view bytes) {
  const std::string all = waiting_ + std::string(bytes);
  std::string_view rest = all;
  std::string shown;
  while (!rest.empty()) {
    const std::size_t plain = std::min(rest.find_first_of("\x1b\r"), rest.size());
    const std::size_t held = plain == rest.size() ? cut_off(rest) : 0;
    shown += printable(rest.substr(0, plain - held), true);
    rest.remove_prefix(plain - held);
    if (held > 0 || rest.empty()) break;
    if (rest.front() == '\r') {
      if (rest.size() == 1) break;
      if (rest[1] != '\n') shown += '\n';
      rest.remove_prefix(1);
      continue;
    }
    const auto color = color_length(rest);
    if (!color) break;
    shown += *color > 0 ? std::string(rest.substr(0, *color)) : printable(rest.substr(0, 1));
    rest.remove_prefix(std::max<std::size_t>(*color, 1));
  }
  waiting_ = rest;
  return shown;
}

std::string TerminalText::finish() { return printable(std::exchange(waiting_, {}), true); }

}  // namespace wm::cli
