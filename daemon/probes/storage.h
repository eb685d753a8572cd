// Free space on the watched file systems, by statvfs. The kernel tells no event for it: it is
// looked at from time to time while work waits on it, and after its runs, the nearer the limit the
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
  StorageProbe(boost::asio::io_context& loop, std::string state_directory,
               const StorageSettings& settings, Report report);

  void measure() override;
  void set_wanted(const Constraints& wanted) override;

 private:
  void look_again_in(std::chrono::seconds time);

  std::string state_directory_;
  const StorageSettings& settings_;
  Report report_;
  boost::asio::steady_timer again_;
  bool low_ = false;
  bool wanted_ = false;
};

}  // namespace wm
