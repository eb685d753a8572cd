// Free space on the watched file systems, by statvfs. The kernel has no event for it: it is
// measured from time to time while a job waits for it, and after its runs, more often the nearer
// the limit is.
#pragma once

#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/settings.h"
#include "daemon/probes/probe.h"
#include "daemon/system/helper_threads.h"

namespace wm {

class StorageProbe : public Probe {
 public:
  StorageProbe(boost::asio::io_context& loop, HelperThreads& helpers, std::string state_directory,
               const StorageSettings& settings, Report report);

  void measure() override;
  void set_wanted(const Constraints& wanted) override;

 private:
  struct Space {
    std::uint64_t free = 0;
    std::uint64_t total = 0;
  };
  using Spaces = std::vector<std::pair<std::string, std::optional<Space>>>;

  static std::optional<Space> space_of(const std::string& path);
  void judge(const Spaces& spaces);
  void look_again_in(std::chrono::seconds time);

  HelperThreads& helpers_;
  std::string state_directory_;
  const StorageSettings& settings_;
  Report report_;
  boost::asio::steady_timer again_;
  bool low_ = false;
  bool wanted_ = false;
  bool looking_ = false;
};

}  // namespace wm
