// What runs have printed, as parts of two streams in their order, and its last lines.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace wm::cli {

struct LogText {
  bool errors = false;  // It was printed on standard error.
  std::string time;     // As on the wire.
  std::string bytes;
};

/// The parts in a page of a log.
std::vector<LogText> parts_of(const boost::json::object& page);

/// Adds what was printed to a JSON document: `text`, or `base64` if it is not UTF-8.
void put_bytes(boost::json::object& document, const std::string& bytes);

/// Keeps the last lines that were printed, in the order in which they began. A line of one stream
/// may go on after text of the other.
class LastLines {
 public:
  explicit LastLines(std::size_t most) : most_(most) {}

  void add(const LogText& text);
  /// Each with its line break, if it has one.
  std::vector<LogText> take();

 private:
  void add_piece(const LogText& text, std::string_view piece);

  std::size_t most_;
  std::deque<LogText> lines_;
};

}  // namespace wm::cli
