// Wakes a test when something has happened: a row of the fleet has changed, or a file has come.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include <libpq-fe.h>

#include "daemon/system/unique_fd.h"

namespace wm::fleet {

class Changes {
 public:
  Changes();

  /// Files that come there, or are replaced.
  void watch_files(const std::filesystem::path& directory) const;
  /// Rows of the fleet's tables, for as long as that server runs. Only the first time, when nobody
  /// uses them yet, it makes the triggers that tell of them.
  void watch_rows(const std::string& conninfo);
  bool watches_rows() const { return database_ != nullptr; }

  /// Asks until it is so, once more after each change. False: it is not within that time.
  template <class Question>
  bool until(Question question, std::chrono::seconds limit = std::chrono::minutes(1)) {
    const auto last = std::chrono::steady_clock::now() + limit;
    while (!question()) {
      if (!wait(last)) return false;
    }
    return true;
  }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  bool wait(std::chrono::steady_clock::time_point last);

  UniqueFd files_;
  bool told_ = false;  // There are triggers.
  std::unique_ptr<PGconn, Finish> database_;
};

}  // namespace wm::fleet
