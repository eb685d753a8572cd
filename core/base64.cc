#include "core/base64.h"

#include <boost/archive/iterators/base64_from_binary.hpp>
#include <boost/archive/iterators/binary_from_base64.hpp>
#include <boost/archive/iterators/transform_width.hpp>

namespace wm {

namespace iterators = boost::archive::iterators;
using Bytes = std::string_view::const_iterator;

std::string encode_base64(std::string_view bytes) {
  using Encoder = iterators::base64_from_binary<iterators::transform_width<Bytes, 6, 8>>;
  std::string text(Encoder(bytes.begin()), Encoder(bytes.end()));
  return text.append((4 - text.size() % 4) % 4, '=');
}

std::string decode_base64(std::string_view text) {
  using Decoder = iterators::transform_width<iterators::binary_from_base64<Bytes>, 8, 6>;
  text.remove_suffix(text.size() - text.find_last_not_of('=') - 1);
  return {Decoder(text.begin()), Decoder(text.end())};
}

}  // namespace wm
