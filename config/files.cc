#include "config/files.h"

#include <algorithm>

namespace wm {
namespace {

Result<std::vector<std::filesystem::path>> files_of(Instance instance,
                                                    const Surroundings& surroundings,
                                                    const std::string& given) {
  if (!given.empty()) return std::vector<std::filesystem::path>{given};
  const std::filesystem::path directory = configuration_directory(instance, surroundings);
  if (directory.empty()) return std::vector<std::filesystem::path>();
  std::vector<std::filesystem::path> files;
  std::error_code none;
  if (std::filesystem::exists(directory / "wmd.toml", none))
    files.push_back(directory / "wmd.toml");
  if (instance == Instance::user) return files;
  std::vector<std::filesystem::path> parts;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(directory / "wmd.d", problem)) {
    if (entry.path().extension() == ".toml") parts.push_back(entry.path());
  }
  if (problem && problem != std::errc::no_such_file_or_directory) {
    return fail(ErrorCode::failed, "cannot read the configuration " +
                                       (directory / "wmd.d").string() + ": " + problem.message());
  }
  std::ranges::sort(parts);
  files.insert(files.end(), parts.begin(), parts.end());
  return files;
}

}  // namespace

Result<Configuration> load_configuration(Instance instance, const Surroundings& surroundings,
                                         const std::string& given) {
  auto files = files_of(instance, surroundings, given);
  if (!files) return std::unexpected(files.error());
  auto settings = load_settings(*files);
  if (!settings) return std::unexpected(settings.error());
  return Configuration{std::move(*files), std::move(*settings)};
}

}  // namespace wm
