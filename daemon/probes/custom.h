// Conditions of one's own: commands of the configuration that say yes with exit status 0. They run
// only while any work requires them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/settings.h"
#include "daemon/probes/probe.h"
#include "daemon/runs/child.h"
#include "daemon/unique_fd.h"

namespace wm {

class CustomProbe : public Probe {
 public:
  CustomProbe(boost::asio::io_context& loop, const std::map<std::string, CustomCondition>& declared,
              Report report);

  ~CustomProbe() override;
  CustomProbe(const CustomProbe&) = delete;
  CustomProbe& operator=(const CustomProbe&) = delete;

  void set_wanted(const Constraints& wanted) override;
  void measure() override;

  /// Any child of the daemon has ended.
  bool has_child(pid_t pid) const;
  void child_ended(pid_t pid, int status);

 private:
  struct Check {
    explicit Check(boost::asio::io_context& loop) : timer(loop) {}

    CustomCondition condition;
    boost::asio::steady_timer timer;  // The end of its time limit, or of the pause.
    UniqueFd errors;
    bool has_child(pid_t pid) const { return child && child->pid() == pid; }

    std::unique_ptr<Child> child;  // While it runs.
    bool timed_out = false;
  };

  void run(const std::string& name, Check& check);
  void tell(const std::string& name, bool holds, std::string detail);
  void pause(const std::string& name, Check& check);
  void wait(const std::string& name, Check& check, Duration time,
            void (CustomProbe::*then)(const std::string&, Check&));
  void time_out(const std::string& name, Check& check);
  static void stop(Check& check);

  boost::asio::io_context& loop_;
  const std::map<std::string, CustomCondition>& declared_;
  Report report_;
  std::map<std::string, Check> checks_;  // Those that are wanted.
};

}  // namespace wm
