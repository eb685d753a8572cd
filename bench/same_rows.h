// Measures SQLite alone: a daemon's rows are written, read and changed without the daemon.
#pragma once

#include <filesystem>

namespace wm {

class SameRows {
 public:
  /// `database` belongs to a daemon that has ended.
  explicit SameRows(std::filesystem::path database) : database_(std::move(database)) {}

  /// The milliseconds for writing them into the same tables and indexes, with a durable commit
  /// after so many jobs. 0: one for all.
  double insert(int per_commit) const;
  /// The milliseconds for reading the jobs.
  double read() const;
  /// The milliseconds for a statement that changes them, durably, in a copy of the database.
  double change(const char* statement) const;

 private:
  std::filesystem::path database_;
};

}  // namespace wm
