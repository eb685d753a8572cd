#include "config/read_file.h"

#include <fstream>
#include <iterator>

namespace wm {

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  try {
    if (file) return std::string{std::istreambuf_iterator<char>(file), {}};
  } catch (const std::ios_base::failure&) {
    // A directory can be opened, but not read.
  }
  return fail(ErrorCode::failed, "cannot read " + path.string());
}

}  // namespace wm
