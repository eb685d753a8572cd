// The log of one run on disk: parts of its output, each with its time and stream. The newest parts
// are kept.
//
// There are two segments, `PATH.old` and `PATH`: when the newer one is full it replaces the older.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"
#include "daemon/system/unique_fd.h"

namespace wm {

enum class LogStream : std::uint8_t { output, errors };

struct LogPart {
  TimePoint time{};
  LogStream stream = LogStream::output;
  std::string bytes;
  // Bytes of both streams before this one that were dropped to keep within `max_bytes`.
  std::int64_t dropped = 0;
  std::int64_t missing = 0;  // A gap: no bytes, but this many could not be written then.
};

class LogFile {
 public:
  /// Makes no file before something is printed, and never one of more than `max_bytes`.
  LogFile(std::filesystem::path path, std::int64_t max_bytes)
      : path_(std::move(path)), max_bytes_(max_bytes) {}

  /// Goes on after what an earlier LogFile of that path has written.
  void resume();

  /// False, with errno set: it is not on disk. The next part that is written says how much is
  /// missing before it.
  bool append(LogStream stream, TimePoint time, std::string_view bytes);

  /// Ends the log: records how much is missing at the end, if that can be written.
  void finish(TimePoint time) { append(LogStream::output, time, ""); }
  bool has_begun() const { return static_cast<bool>(segment_); }

  static void remove(const std::filesystem::path& path);
  /// The bytes that it takes on disk.
  static std::int64_t size(const std::filesystem::path& path);

 private:
  bool begin_segment();
  bool write(LogStream stream, TimePoint time, std::string_view bytes);

  std::filesystem::path path_;
  std::int64_t max_bytes_;
  UniqueFd segment_;                       // None: it does not exist yet, or could not be begun.
  std::array<std::int64_t, 2> missing_{};  // Bytes of each stream since the last part.
  std::int64_t sequence_ = 0;
  std::int64_t size_ = 0;     // The size of the segment, with its headers.
  std::int64_t printed_ = 0;  // The bytes printed in this segment.
  std::int64_t before_ = 0;   // The bytes printed in the one before.
  std::int64_t dropped_ = 0;  // The bytes printed in those that were removed.
};

/// Reads such a log, even while it is written.
class LogReader {
 public:
  /// A log that does not exist yet is empty so far.
  explicit LogReader(std::filesystem::path path) : path_(std::move(path)) {}

  /// The next part; nothing: that was all so far.
  std::optional<LogPart> next();

  /// Makes the next call of next() return this part, its last one, again.
  void put_back(LogPart part) { again_ = std::move(part); }

  /// The bytes printed, on both streams, before the next result of next(). skip_to() goes forward
  /// to such a position.
  std::int64_t position() const { return given_ - (again_ ? length_of(*again_) : 0); }
  void skip_to(std::int64_t position);

 private:
  struct Segment {
    UniqueFd file;
    std::int64_t sequence = 0;
    std::int64_t begins_at = 0;  // Bytes printed before it.
  };

  static std::int64_t length_of(const LogPart& part) {
    return static_cast<std::int64_t>(part.bytes.size()) + part.missing;
  }
  static std::optional<Segment> open(const std::filesystem::path& path);
  std::optional<Segment> find_newer() const;
  void enter(Segment segment);
  std::optional<LogPart> read_part();

  std::filesystem::path path_;
  std::optional<Segment> segment_;
  std::int64_t offset_ = 0;
  std::int64_t given_ = 0;    // Bytes printed, including those that were dropped.
  std::int64_t dropped_ = 0;  // The bytes dropped before the next part.
  std::optional<LogPart> again_;
};

}  // namespace wm
