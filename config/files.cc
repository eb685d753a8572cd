#include "config/files.h"

#include <algorithm>

namespace wm {

Result<std::vector<std::filesystem::path>> configuration_files(Instance instance,
                                                               const Surroundings& surroundings,
                                                               const std::string& given) {
  if (!given.empty()) return std::vector<std::filesystem::path>{given};
  const auto found = configuration_directory(instance, surroundings);
  if (!found) return std::unexpected(found.error());
  const std::filesystem::path directory(*found);
  std::vector<std::filesystem::path> files;
  std::error_code none;
  if (std::filesystem::exists(directory / "wmd.toml", none))
    files.push_back(directory / "wmd.toml");
  if (instance == Instance::user) return files;
  std::vector<std::filesystem::path> parts;
  for (const auto& entry : std::filesystem::directory_iterator(directory / "wmd.d", none)) {
    if (entry.path().extension() == ".toml") parts.push_back(entry.path());
  }
  std::ranges::sort(parts);
  files.insert(files.end(), parts.begin(), parts.end());
  return files;
}

}  // namespace wm
