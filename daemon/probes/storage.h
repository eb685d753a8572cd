// Free space on the watched file systems, by statvfs. The kernel tells no event for it: it is
// looked at when asked and, while work waits on it, from time to time, the nearer the limit the
// oftener.
#pragma once

#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/settings.h"
#include "daemon/probes/probe.h"

namespace wm {

class StorageProbe : public Probe {
 public:
  StorageProbe(boost::asio::io_context& loop, std::vector<std::string> paths, StorageLevels levels,
               Report report);

  void measure() override;
  void set_wanted(const Constraints& wanted) override;

 private:
  void look_again_in(std::chrono::seconds time);

  std::vector<std::string> paths_;
  StorageLevels levels_;
  Report report_;
  boost::asio::steady_timer again_;
  bool low_ = false;
  bool wanted_ = false;
};

}  // namespace wm
