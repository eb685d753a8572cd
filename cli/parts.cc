#include "cli/parts.h"

#include <utility>

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr std::size_t kPartSize = std::size_t{900} << 10;  // Well below the limit of a message.

}  // namespace

Result<> stream_in_parts(Client& client, std::string_view method, json::object parameters,
                         std::string_view list, const Client::OnReply& on_reply,
                         const OnSent& on_sent) {
  json::array all = std::move(parameters[list].as_array());
  json::array part;
  std::size_t size = 0;
  std::size_t before = 0;
  for (json::value& item : all) {
    const std::size_t more = json::serialize(item).size() + 1;
    if (size + more > kPartSize && !part.empty()) {
      const std::size_t count = part.size();
      const auto taken = client.call(
          method, {{list, std::exchange(part, {})}, {"part", true}, {"before", before}});
      if (!taken) return std::unexpected(taken.error());
      before += count;
      on_sent(before, all.size());
      size = 0;
    }
    size += more;
    part.push_back(std::move(item));
  }
  parameters[list] = std::move(part);
  if (before > 0) parameters["before"] = before;
  return client.stream(method, std::move(parameters), on_reply);
}

}  // namespace wm::cli
