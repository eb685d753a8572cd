#include "daemon/triggers/path_scan.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/crc.hpp>
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace wm {
namespace {

// One trigger's share of the paths that the kernel and we can watch.
constexpr std::size_t kMostDirectories = 1000;
constexpr std::size_t kMostEntries = 100'000;

constexpr std::uint32_t kItself = IN_ONLYDIR | IN_MASK_ADD | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kEntries = kItself | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr std::uint32_t kContents = kEntries | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;

// CRC-64 of ECMA-182: the same in every version of this program.
using Crc64 =
    boost::crc_optimal<64, 0x42F0E1EBA9EA3693, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, true, true>;

bool is_pattern(const std::string& name) {
  return name.find_first_of("*?[\\") != std::string::npos;
}

class Scanner {
 public:
  explicit Scanner(int inotify) : inotify_(inotify) {}

  void scan(const std::string& glob) {
    parts_.clear();
    boost::split(parts_, glob, boost::is_any_of("/"));
    std::erase(parts_, "");
    plain_ = std::ranges::none_of(parts_, is_pattern);
    if (parts_.empty()) {
      look_inside("/");
    } else {
      look_for("/", 0, false);
    }
  }

  PathScan take() {
    scan_.fingerprint = static_cast<std::int64_t>(crc_.checksum());
    return std::move(scan_);
  }

 private:
  // Looks in `directory` for the part with that index. Directories under a pattern that are closed
  // to us are skipped.
  void look_for(const std::string& directory, std::size_t index, bool under_pattern) {
    if (!scan_.problem.empty()) return;
    const std::string& name = parts_[index];
    const bool last = index + 1 == parts_.size();
    if (is_pattern(name)) {
      watch(directory, last ? kContents : kEntries, {0, name, last, false}, under_pattern);
      for (const std::string& entry : entries(directory, {0, name, last, false}, under_pattern)) {
        find(directory + entry, index, true);
      }
      return;
    }
    struct stat status{};
    const bool exists = ::lstat((directory + name).c_str(), &status) == 0;
    if (!exists && errno == EACCES && !under_pattern) return complain(directory, errno);
    if (last || !exists || S_ISLNK(status.st_mode)) {
      watch(directory, last ? kContents : kEntries, {0, name, last, false}, under_pattern);
    } else {
      watch(directory, kItself, {}, true);
    }
    if (exists) find(directory + name, index, under_pattern);
  }

  // The part with that index matches `path`.
  void find(const std::string& path, std::size_t index, bool under_pattern) {
    if (index + 1 == parts_.size()) {
      note(path);
      if (plain_ && is_directory(path)) look_inside(path + "/");
    } else if (is_directory(path)) {
      look_for(path + "/", index + 1, under_pattern);
    }
  }

  void look_inside(const std::string& directory) {
    const WatchedName everything{0, "*", true, true};
    watch(directory, kContents, everything, false);
    for (const std::string& entry : entries(directory, everything, false)) note(directory + entry);
  }

  void watch(const std::string& directory, std::uint32_t events, WatchedName names, bool optional) {
    if (!scan_.problem.empty()) return;
    if (++scan_.directories > kMostDirectories) {
      return complain("more than " + std::to_string(kMostDirectories) + " directories match");
    }
    names.watch = inotify_ < 0 ? ::faccessat(AT_FDCWD, directory.c_str(), R_OK, AT_EACCESS)
                               : ::inotify_add_watch(inotify_, directory.c_str(), events);
    if (names.watch >= 0) {
      if (inotify_ >= 0) scan_.names.push_back(std::move(names));
    } else if (errno == ENOSPC || errno == ENOMEM) {
      scan_.unwatched = "the kernel watches no more directories: raise fs.inotify.max_user_watches";
    } else if (errno != ENOENT && errno != ENOTDIR && !optional) {
      complain(directory, errno);
    }
  }

  std::vector<std::string> entries(const std::string& directory, const WatchedName& wanted,
                                   bool optional) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
    if (!stream) {
      if (errno != ENOENT && errno != ENOTDIR && !optional) complain(directory, errno);
      return names;
    }
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == ".." || !matches(wanted, name)) continue;
      if (++seen_ > kMostEntries) {
        complain("more than " + std::to_string(kMostEntries) + " files match");
        break;
      }
      names.emplace_back(name);
    }
    std::ranges::sort(names);
    return names;
  }

  static bool is_directory(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  }

  // A directory changes with its entries, which count only if it is named itself.
  void note(const std::string& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) return;
    add(path.data(), path.size() + 1);
    add_number(status.st_mode & S_IFMT);
    add_number(status.st_ino);
    if (S_ISDIR(status.st_mode)) return;
    add_number(status.st_size);
    add_number(status.st_mtim.tv_sec);
    add_number(status.st_mtim.tv_nsec);
  }

  void add(const void* bytes, std::size_t size) { crc_.process_bytes(bytes, size); }
  template <class T>
  void add_number(T number) {
    add(&number, sizeof number);
  }

  void complain(const std::string& directory, int error) {
    complain("cannot watch " + directory + ": " + ::strerrordesc_np(error));
  }
  void complain(std::string problem) {
    if (scan_.problem.empty()) scan_.problem = std::move(problem);
  }

  int inotify_;
  std::vector<std::string> parts_;
  bool plain_ = false;
  std::size_t seen_ = 0;
  Crc64 crc_;
  PathScan scan_;
};

}  // namespace

PathScan scan_paths(int inotify, const std::vector<std::string>& globs) {
  Scanner scanner(inotify);
  for (const std::string& glob : globs) scanner.scan(glob);
  return scanner.take();
}

bool matches(const WatchedName& watched, std::string_view name) {
  const std::string text(name);
  return ::fnmatch(watched.pattern.c_str(), text.c_str(), watched.hidden ? 0 : FNM_PERIOD) == 0;
}

}  // namespace wm
