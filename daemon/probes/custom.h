// Custom conditions: commands of the configuration whose exit status 0 means yes. They run only
// while a job requires them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/settings.h"
#include "daemon/probes/probe.h"
#include "daemon/system/helper_commands.h"

namespace wm {

class CustomProbe : public Probe {
 public:
  CustomProbe(boost::asio::io_context& loop, HelperCommands& commands,
              const std::map<std::string, CustomCondition>& declared, Report report);

  void set_wanted(const Constraints& wanted) override;
  void measure() override;

 private:
  struct Check {
    explicit Check(boost::asio::io_context& loop) : pause(loop) {}

    CustomCondition condition;
    std::shared_ptr<HelperCommands::Run> command;  // Set while it runs.
    boost::asio::steady_timer pause;               // The pause before it runs again.
  };

  void run(const std::string& name, Check& check);
  void take(const std::string& name, Check& check, const HelperEnd& end);
  void tell(const std::string& name, bool holds, std::string detail);

  boost::asio::io_context& loop_;
  HelperCommands& commands_;
  const std::map<std::string, CustomCondition>& declared_;
  Report report_;
  std::map<std::string, Check> checks_;  // The wanted ones.
};

}  // namespace wm
