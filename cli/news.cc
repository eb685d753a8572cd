#include "cli/news.h"

#include <poll.h>

#include "core/json_fields.h"

namespace wm::cli {
namespace {

bool is_readable(const Client& client) {
  pollfd readable{client.fd(), POLLIN, 0};
  return ::poll(&readable, 1, 0) > 0;
}

}  // namespace

News::News(Session& session, const std::optional<std::vector<std::string>>& names) {
  if (auto client = session.connect();
      client && client->send("Conditions", {{"after", 0}}, false)) {
    conditions_ = std::move(*client);
  }
  if (!names) return;
  boost::json::object parameters{{"uniqueNames", boost::json::value_from(*names)}};
  if (auto client = session.connect(); client && client->send("Watch", parameters, true)) {
    events_ = std::move(*client);
  }
}

bool News::take_events() { return events_ && events_->take_answer().has_value(); }

bool News::take_conditions() {
  if (!conditions_) return false;
  const auto answer = conditions_->take_answer();
  return answer &&
         conditions_->send("Conditions", {{"after", number_of(*answer, "version")}}, false);
}

// A daemon that goes away ends all connections: the client says so.
void News::hear_beside(Client& client, std::function<void()> on_news) {
  std::vector<int> fds;
  if (events_) fds.push_back(events_->fd());
  if (conditions_) fds.push_back(conditions_->fd());
  client.set_others(std::move(fds), [this, on_news = std::move(on_news)] {
    bool goes_on = true;
    if (events_ && is_readable(*events_)) goes_on = take_events();
    if (conditions_ && is_readable(*conditions_)) goes_on = take_conditions() && goes_on;
    on_news();
    return goes_on;
  });
}

}  // namespace wm::cli
