// The log of one run on disk: parts of what it printed, each with its time and stream, of which the
// newest are kept.
//
// Two segments, `PATH.old` and `PATH`: when the newer one is full it takes the place of the older.
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
  std::int64_t dropped = 0;  // Older bytes, of both streams, that stood before it: `max_bytes`.
  std::int64_t missing = 0;  // A gap: it has no bytes, but so many could not be written then.
};

class LogFile {
 public:
  /// Makes no file before anything is printed, nor ever one of more than `max_bytes`.
  LogFile(std::filesystem::path path, std::int64_t max_bytes)
      : path_(std::move(path)), max_bytes_(max_bytes) {}

  /// Goes on behind what an earlier LogFile of that path has written.
  void resume();

  /// False, with errno set: it is not on disk. What is written after it says how much is missing
  /// before it.
  bool append(LogStream stream, TimePoint time, std::string_view bytes);

  /// Nothing comes any more: says what is missing at the end, where that can be written.
  void finish(TimePoint time) { append(LogStream::output, time, ""); }
  bool has_begun() const { return static_cast<bool>(segment_); }

  static void remove(const std::filesystem::path& path);
  /// Bytes that it has on disk.
  static std::int64_t size(const std::filesystem::path& path);

 private:
  bool begin_segment();
  bool write(LogStream stream, TimePoint time, std::string_view bytes);

  std::filesystem::path path_;
  std::int64_t max_bytes_;
  UniqueFd segment_;                       // None: there is none yet, or it could not be begun.
  std::array<std::int64_t, 2> missing_{};  // Bytes of each stream, since the last part.
  std::int64_t sequence_ = 0;
  std::int64_t size_ = 0;     // Of the segment, with its headers.
  std::int64_t printed_ = 0;  // In this segment …
  std::int64_t before_ = 0;   // … in the one before …
  std::int64_t dropped_ = 0;  // … and in those that are gone.
};

/// Reads such a log, also while it is written.
class LogReader {
 public:
  /// A log that is not there yet is empty so far.
  explicit LogReader(std::filesystem::path path) : path_(std::move(path)) {}

  /// The next part; nothing: that was all until now.
  std::optional<LogPart> next();

  /// The next call of next() gives this, its last one, once more.
  void put_back(LogPart part) { again_ = std::move(part); }

  /// How many bytes had been printed, on both streams, before what next() gives next; and to go
  /// there, which is behind.
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
  std::int64_t given_ = 0;    // Bytes printed, with those that were dropped.
  std::int64_t dropped_ = 0;  // Before what is read next.
  std::optional<LogPart> again_;
};

}  // namespace wm
