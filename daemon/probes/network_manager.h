// NetworkManager's opinion of whether the connection is metered, over the system bus.
#pragma once

#include <functional>
#include <optional>

#include <boost/asio/io_context.hpp>

#include "daemon/bus.h"

namespace wm {

class NetworkManager {
 public:
  /// `changed` is called whenever metered() may say something else.
  NetworkManager(boost::asio::io_context& loop, std::function<void()> changed);

  /// From now on asks and listens. Nothing is asked before, and nothing twice.
  void watch();

  /// Nothing: it does not run, has not answered yet, or does not know.
  std::optional<bool> metered() const { return metered_; }

 private:
  void ask();
  void take(std::uint32_t metered);
  void forget();

  Bus bus_;
  std::function<void()> changed_;
  bool watching_ = false;
  std::optional<bool> metered_;
};

}  // namespace wm
