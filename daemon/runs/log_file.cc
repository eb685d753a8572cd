#include "daemon/runs/log_file.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace wm {
namespace {

// On disk as in memory: nobody else reads these files.
struct SegmentHead {
  std::array<char, 8> magic{'w', 'm', ' ', 'l', 'o', 'g', ' ', '1'};
  std::int64_t sequence = 0;
  std::int64_t dropped = 0;  // Bytes printed before the segment that was before this one.
  std::int64_t before = 0;   // Bytes in that one.
};

struct PartHead {
  std::int64_t time = 0;  // Milliseconds since 1970.
  std::uint32_t stream = 0;
  std::uint32_t length = 0;
};

constexpr std::uint32_t kMostInPart = std::uint32_t{1} << 20;

std::filesystem::path older(const std::filesystem::path& path) { return path.string() + ".old"; }

template <class T>
bool read_whole(int fd, T& value, std::int64_t offset) {
  return ::pread(fd, &value, sizeof value, offset) == static_cast<ssize_t>(sizeof value);
}

}  // namespace

bool LogFile::begin_segment() {
  if (segment_) {
    if (::rename(path_.c_str(), older(path_).c_str()) != 0) return false;
    dropped_ += before_;
    before_ = std::exchange(printed_, 0);
    ++sequence_;
  }
  segment_.reset(
      ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  const SegmentHead head{.sequence = sequence_, .dropped = dropped_, .before = before_};
  size_ = sizeof head;
  return segment_ && ::write(segment_.get(), &head, sizeof head) == sizeof head;
}

void LogFile::resume() {
  segment_.reset(::open(path_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
  SegmentHead head;
  if (!segment_ || !read_whole(segment_.get(), head, 0)) return segment_.reset();
  sequence_ = head.sequence;
  dropped_ = head.dropped;
  before_ = head.before;
  size_ = sizeof head;
  for (PartHead part; read_whole(segment_.get(), part, size_);) {
    size_ += static_cast<std::int64_t>(sizeof part) + part.length;
    printed_ += part.length;
  }
}

bool LogFile::append(LogStream stream, TimePoint time, std::string_view bytes) {
  const PartHead head{time.time_since_epoch().count(), static_cast<std::uint32_t>(stream),
                      static_cast<std::uint32_t>(bytes.size())};
  const auto length = static_cast<std::int64_t>(sizeof head + bytes.size());
  const bool full = size_ + length > max_bytes_ / 2 && printed_ > 0;
  if ((!segment_ || full) && !begin_segment()) return false;
  const std::array<iovec, 2> pieces{{{const_cast<PartHead*>(&head), sizeof head},
                                     {const_cast<char*>(bytes.data()), bytes.size()}}};
  if (const ssize_t written = ::writev(segment_.get(), pieces.data(), pieces.size());
      written != length) {
    if (written > 0) {
      // Half a part would hide what comes after it.
      (void)!::ftruncate(segment_.get(), size_);
      errno = ENOSPC;
    }
    return false;
  }
  size_ += length;
  printed_ += static_cast<std::int64_t>(bytes.size());
  return true;
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

// The oldest segment that comes after the present one.
std::optional<LogReader::Segment> LogReader::find_newer() const {
  const std::int64_t wanted = segment_ ? segment_->sequence + 1 : 0;
  std::optional<Segment> newest = open(path_);
  if (!newest || newest->sequence < wanted) return std::nullopt;
  std::optional<Segment> old = open(older(path_));
  return old && old->sequence >= wanted ? std::move(old) : std::move(newest);
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
  LogPart part{TimePoint{Duration{head.time}}, static_cast<LogStream>(head.stream),
               std::string(head.length, '\0')};
  const auto begin = offset_ + static_cast<std::int64_t>(sizeof head);
  if (::pread(segment_->file.get(), part.bytes.data(), part.bytes.size(), begin) !=
      static_cast<ssize_t>(part.bytes.size())) {
    return std::nullopt;
  }
  offset_ = begin + head.length;
  given_ += head.length;
  return part;
}

void LogReader::skip_to(std::int64_t position) {
  while (given_ < position && next()) {
  }
}

std::optional<LogPart> LogReader::next() {
  for (;;) {
    if (auto part = read_part()) return part;
    auto newer = find_newer();
    if (!newer) return std::nullopt;
    // The present one was written to until the newer was there.
    if (auto part = read_part()) return part;
    enter(std::move(*newer));
  }
}

}  // namespace wm
