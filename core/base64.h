// Any bytes as text (RFC 4648).
#pragma once

#include <string>
#include <string_view>

namespace wm {

std::string encode_base64(std::string_view bytes);

/// Decodes the output of encode_base64().
std::string decode_base64(std::string_view text);

}  // namespace wm
