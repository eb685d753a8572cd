// Hears that what was asked may have changed: a condition, or, if wanted, jobs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"

namespace wm::cli {

class News {
 public:
  /// `names`: also hears the events of these jobs. Without a daemon it hears nothing.
  News(Session& session, const std::optional<std::vector<std::string>>& names);

  /// Hears them while `client` waits for its answer, and calls `on_news` for each.
  void hear_beside(Client& client, std::function<void()> on_news);

 private:
  bool take_events();
  bool take_conditions();

  std::optional<Client> events_;
  std::optional<Client> conditions_;
};

}  // namespace wm::cli
