#include "cli/log_lines.h"

#include <algorithm>
#include <iterator>
#include <ranges>

#include "core/base64.h"
#include "core/json_fields.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kStreams = 2;  // Each may have one line that has not ended.

}  // namespace

std::vector<LogText> parts_of(const json::object& page) {
  std::vector<LogText> parts;
  for (const json::value& value : array_of(page, "parts")) {
    const json::object& part = value.as_object();
    parts.push_back(
        {part.contains("stderr"), text_of(part, "time"), decode_base64(text_of(part, "data"))});
  }
  return parts;
}

void put_bytes(json::object& document, const std::string& bytes) {
  if (is_utf8(bytes)) {
    document["text"] = bytes;
  } else {
    document["base64"] = encode_base64(bytes);
  }
}

void LastLines::add(const LogText& text) {
  std::string_view rest = text.bytes;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
    add_piece(text, rest.substr(0, end + 1));
    rest.remove_prefix(end + 1);
  }
}

void LastLines::add_piece(const LogText& text, std::string_view piece) {
  const auto is_whole = [](const LogText& line) { return line.bytes.ends_with('\n'); };
  auto newest_first = lines_ | std::views::reverse;
  const auto last = std::ranges::find(newest_first, text.errors, &LogText::errors);
  if (last != newest_first.end() && !is_whole(*last)) {
    last->bytes += piece;
    return;
  }
  lines_.push_back({text.errors, text.time, std::string(piece)});
  if (lines_.size() > most_ + kStreams) lines_.erase(std::ranges::find_if(lines_, is_whole));
}

std::vector<LogText> LastLines::take() {
  while (lines_.size() > most_) lines_.pop_front();
  std::vector<LogText> lines(std::make_move_iterator(lines_.begin()),
                             std::make_move_iterator(lines_.end()));
  lines_.clear();
  return lines;
}

}  // namespace wm::cli
