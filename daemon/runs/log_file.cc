#include "daemon/runs/log_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace wm {
namespace {

// The same on disk as in memory: nobody else reads these files.
struct SegmentHead {
  std::array<char, 8> magic{'w', 'm', ' ', 'l', 'o', 'g', ' ', '1'};
  std::int64_t sequence = 0;
  std::int64_t dropped = 0;  // Bytes printed before the previous segment.
  std::int64_t before = 0;   // Bytes in the previous segment.
};

struct PartHead {
  std::int64_t time = 0;     // Milliseconds since 1970.
  std::uint32_t stream = 0;  // With kGap, an std::int64_t follows: the number of missing bytes.
  std::uint32_t length = 0;
};

struct Gap {
  PartHead head;
  std::int64_t missing = 0;
};

constexpr std::uint32_t kGap = 2;
constexpr std::uint32_t kMostInPart = std::uint32_t{1} << 20;

std::filesystem::path older(const std::filesystem::path& path) { return path.string() + ".old"; }

template <class T>
bool read_whole(int fd, T& value, std::int64_t offset) {
  return ::pread(fd, &value, sizeof value, offset) == static_cast<ssize_t>(sizeof value);
}

template <class T>
iovec piece(const T& value) {
  return {const_cast<T*>(&value), sizeof value};
}

std::int64_t length_of(std::span<const iovec> pieces) {
  std::int64_t length = 0;
  for (const iovec& one : pieces) length += static_cast<std::int64_t>(one.iov_len);
  return length;
}

// The length of a segment, and the number of bytes printed in it.
std::pair<std::int64_t, std::int64_t> measure(int segment) {
  std::int64_t size = sizeof(SegmentHead);
  std::int64_t printed = 0;
  for (PartHead part; read_whole(segment, part, size);) {
    Gap gap;
    const bool missing = (part.stream & kGap) != 0 && read_whole(segment, gap, size);
    printed += missing ? gap.missing : part.length;
    size += static_cast<std::int64_t>(sizeof part) + part.length;
  }
  return {size, printed};
}

// Appends all or nothing. False, with errno set: the file ends at `size` as before. Half a part
// would hide the parts after it.
bool append_whole(int fd, std::span<const iovec> pieces, std::int64_t size) {
  const ssize_t written = ::writev(fd, pieces.data(), static_cast<int>(pieces.size()));
  if (written == length_of(pieces)) return true;
  if (written > 0) {
    (void)!::ftruncate(fd, size);
    errno = ENOSPC;
  }
  return false;
}

}  // namespace

// An incomplete head would hide everything after it.
bool LogFile::begin_segment() {
  if (segment_) {
    if (::rename(path_.c_str(), older(path_).c_str()) != 0) return false;
    segment_.reset();
    dropped_ += before_;
    before_ = std::exchange(printed_, 0);
    ++sequence_;
  }
  UniqueFd fresh(
      ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fresh) return false;
  const SegmentHead head{.sequence = sequence_, .dropped = dropped_, .before = before_};
  if (!append_whole(fresh.get(), std::array<iovec, 1>{piece(head)}, 0)) {
    const int problem = errno;
    ::unlink(path_.c_str());
    errno = problem;
    return false;
  }
  size_ = sizeof head;
  segment_ = std::move(fresh);
  return true;
}

void LogFile::resume() {
  const auto open = [](const std::filesystem::path& path, SegmentHead& head) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
    if (file && !read_whole(file.get(), head, 0)) file.reset();
    return file;
  };
  SegmentHead head;
  segment_ = open(path_, head);
  // Perhaps only the next segment could not be begun.
  const UniqueFd full = segment_ ? UniqueFd() : open(older(path_), head);
  if (!segment_ && !full) return;
  const auto [size, printed] = measure(segment_ ? segment_.get() : full.get());
  sequence_ = segment_ ? head.sequence : head.sequence + 1;
  dropped_ = segment_ ? head.dropped : head.dropped + head.before;
  before_ = segment_ ? head.before : printed;
  size_ = segment_ ? size : 0;
  printed_ = segment_ ? printed : 0;
}

bool LogFile::append(LogStream stream, TimePoint time, std::string_view bytes) {
  if (bytes.empty() && missing_ == decltype(missing_){}) return true;
  if (write(stream, time, bytes)) {
    missing_ = {};
    return true;
  }
  missing_.at(static_cast<std::size_t>(stream)) += static_cast<std::int64_t>(bytes.size());
  return false;
}

// Writes the missing count and the bytes: all of it or nothing.
bool LogFile::write(LogStream stream, TimePoint time, std::string_view bytes) {
  const std::int64_t at = time.time_since_epoch().count();
  std::array<Gap, 2> gaps;
  std::vector<iovec> pieces;
  std::int64_t printed = static_cast<std::int64_t>(bytes.size());
  for (std::uint32_t which = 0; which < gaps.size(); ++which) {
    if (missing_.at(which) == 0) continue;
    gaps.at(which) = {{at, which | kGap, sizeof(std::int64_t)}, missing_.at(which)};
    pieces.push_back(piece(gaps.at(which)));
    printed += missing_.at(which);
  }
  const PartHead head{at, static_cast<std::uint32_t>(stream),
                      static_cast<std::uint32_t>(bytes.size())};
  if (!bytes.empty()) {
    pieces.push_back(piece(head));
    pieces.push_back({const_cast<char*>(bytes.data()), bytes.size()});
  }
  const std::int64_t length = length_of(pieces);
  const bool full = size_ + length > max_bytes_ / 2 && printed_ > 0;
  if ((!segment_ || full) && !begin_segment()) return false;
  if (!append_whole(segment_.get(), pieces, size_)) return false;
  size_ += length;
  printed_ += printed;
  return true;
}

std::int64_t LogFile::size(const std::filesystem::path& path) {
  std::int64_t size = 0;
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return 0;  // The newer segment always exists.
  size += status.st_size;
  if (::lstat(older(path).c_str(), &status) == 0) size += status.st_size;
  return size;
}

void LogFile::remove(const std::filesystem::path& path) {
  ::unlink(path.c_str());
  ::unlink(older(path).c_str());
}

std::optional<LogReader::Segment> LogReader::open(const std::filesystem::path& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  SegmentHead head;
  if (!file || !read_whole(file.get(), head, 0) || head.magic != SegmentHead{}.magic) {
    return std::nullopt;
  }
  return Segment{std::move(file), head.sequence, head.dropped + head.before};
}

// The oldest segment after the present one.
std::optional<LogReader::Segment> LogReader::find_newer() const {
  const std::int64_t wanted = segment_ ? segment_->sequence + 1 : 0;
  std::optional<Segment> newest = open(path_);
  std::optional<Segment> old = open(older(path_));
  if (old && old->sequence >= wanted) return old;
  return newest && newest->sequence >= wanted ? std::move(newest) : std::nullopt;
}

void LogReader::enter(Segment segment) {
  dropped_ += std::max<std::int64_t>(segment.begins_at - given_, 0);
  given_ = std::max(segment.begins_at, given_);
  segment_ = std::move(segment);
  offset_ = sizeof(SegmentHead);
}

std::optional<LogPart> LogReader::read_part() {
  PartHead head;
  if (!segment_ || !read_whole(segment_->file.get(), head, offset_) || head.length > kMostInPart) {
    return std::nullopt;
  }
  LogPart part{.time = TimePoint{Duration{head.time}},
               .stream = static_cast<LogStream>(head.stream & ~kGap),
               .dropped = dropped_};
  const auto begin = offset_ + static_cast<std::int64_t>(sizeof head);
  if ((head.stream & kGap) != 0) {
    if (!read_whole(segment_->file.get(), part.missing, begin)) return std::nullopt;
  } else {
    part.bytes.resize(head.length);
    if (::pread(segment_->file.get(), part.bytes.data(), part.bytes.size(), begin) !=
        static_cast<ssize_t>(part.bytes.size())) {
      return std::nullopt;
    }
  }
  offset_ = begin + head.length;
  given_ += length_of(part);
  dropped_ = 0;
  return part;
}

// A part that begins after that place did not exist when somebody read up to it.
void LogReader::skip_to(std::int64_t position) {
  while (given_ < position) {
    auto part = next();
    if (!part) return;
    if (given_ - length_of(*part) >= position) {
      part->dropped = given_ - length_of(*part) - position;
      return put_back(std::move(*part));
    }
  }
}

std::optional<LogPart> LogReader::next() {
  if (again_) return std::exchange(again_, std::nullopt);
  for (;;) {
    if (auto part = read_part()) return part;
    auto newer = find_newer();
    if (!newer) return std::nullopt;
    // The present segment was written until the newer one existed.
    if (auto part = read_part()) return part;
    enter(std::move(*newer));
  }
}

}  // namespace wm
