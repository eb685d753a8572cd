// The log of one run on disk: parts of what it printed, each with its time and stream, of which the
// newest are kept.
//
// Two segments, `PATH.old` and `PATH`: when the newer one is full it takes the place of the older.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"
#include "daemon/unique_fd.h"

namespace wm {

enum class LogStream : std::uint8_t { output, errors };

struct LogPart {
  TimePoint time{};
  LogStream stream = LogStream::output;
  std::string bytes;
};

class LogFile {
 public:
  /// Makes no file before anything is printed, nor ever one of more than `max_bytes`.
  LogFile(std::filesystem::path path, std::int64_t max_bytes)
      : path_(std::move(path)), max_bytes_(max_bytes) {}

  /// Goes on behind what an earlier LogFile of that path has written.
  void resume();

  /// False, with errno set: it is not on disk.
  bool append(LogStream stream, TimePoint time, std::string_view bytes);

  static void remove(const std::filesystem::path& path);

 private:
  bool begin_segment();

  std::filesystem::path path_;
  std::int64_t max_bytes_;
  UniqueFd segment_;
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

  /// How many bytes had been printed, on both streams, before what next() gives next; and to go
  /// there, which is behind.
  std::int64_t position() const { return given_; }
  void skip_to(std::int64_t position);

  /// How many bytes had been dropped before what next() has given.
  std::int64_t dropped() const { return dropped_; }

 private:
  struct Segment {
    UniqueFd file;
    std::int64_t sequence = 0;
    std::int64_t begins_at = 0;  // Bytes printed before it.
  };

  static std::optional<Segment> open(const std::filesystem::path& path);
  std::optional<Segment> find_newer() const;
  void enter(Segment segment);
  std::optional<LogPart> read_part();

  std::filesystem::path path_;
  std::optional<Segment> segment_;
  std::int64_t offset_ = 0;
  std::int64_t given_ = 0;  // Bytes printed, with those that were dropped.
  std::int64_t dropped_ = 0;
};

}  // namespace wm
