#include "config/read_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace wm {

Result<std::string> read_file(const std::filesystem::path& path) {
  const auto cannot = [&] {
    return fail(ErrorCode::failed, "cannot read " + path.string() + ": " + std::strerror(errno));
  };
  std::ifstream file(path, std::ios::binary);
  if (!file) return cannot();
  try {
    return std::string{std::istreambuf_iterator<char>(file), {}};
  } catch (const std::ios_base::failure&) {
    return cannot();  // A directory can be opened, but not read.
  }
}

}  // namespace wm
