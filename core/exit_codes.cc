#include "core/exit_codes.h"

#include <optional>

#include "core/text.h"

namespace wm {
namespace {

std::optional<std::size_t> exit_code(std::string_view text) {
  const auto code = parse_number<std::size_t>(text);
  return code && *code <= 255 ? code : std::nullopt;
}

}  // namespace

Result<ExitCodes> parse_exit_codes(std::string_view text) {
  ExitCodes codes;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    const std::size_t dash = item.find('-');
    const auto first = exit_code(item.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : exit_code(item.substr(dash + 1));
    if (!first || !last || *first > *last) {
      return fail(ErrorCode::invalid, "bad exit codes '" + std::string(text) +
                                          "': write numbers from 0 to 255 and ranges, for example "
                                          "2,64-78");
    }
    for (std::size_t code = *first; code <= *last; ++code) codes.set(code);
    if (comma == std::string_view::npos) return codes;
    rest.remove_prefix(comma + 1);
  }
}

std::string format_exit_codes(const ExitCodes& codes) {
  std::string text;
  for (std::size_t first = 0; first < codes.size(); ++first) {
    if (!codes[first]) continue;
    std::size_t last = first;
    while (last + 1 < codes.size() && codes[last + 1]) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(first);
    if (last > first) text += '-' + std::to_string(last);
    first = last;
  }
  return text;
}

}  // namespace wm
