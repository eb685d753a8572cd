#include "core/size.h"

#include <algorithm>
#include <limits>

#include "core/text.h"

namespace wm {
namespace {

constexpr std::string_view kPrefixes = "KMGT";

}  // namespace

Result<std::int64_t> parse_size(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorCode::invalid, "bad size '" + std::string(text) +
                                        "': write bytes, or for example 64K, 512M or 2G");
  };
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto size = parse_number<std::int64_t>(text.substr(0, digits));
  if (!size) return bad();
  std::string_view unit = text.substr(digits);
  if (unit.size() == 3 && unit.ends_with("iB")) unit.remove_suffix(2);
  if (unit.empty() || unit == "B") return *size;
  const std::size_t power = kPrefixes.find(unit);
  if (unit.size() != 1 || power == std::string_view::npos) return bad();
  const std::int64_t factor = std::int64_t{1024} << (10 * power);
  if (*size > std::numeric_limits<std::int64_t>::max() / factor) return bad();
  return *size * factor;
}

std::string format_size(std::int64_t bytes) {
  std::string unit;
  for (const char next : kPrefixes) {
    if (bytes == 0 || bytes % 1024 != 0) break;
    bytes /= 1024;
    unit = next;
  }
  return std::to_string(bytes) + unit;
}

}  // namespace wm
