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
  // The daemon works on a part while the next one is made.
  const auto take_previous = [&]() -> Result<> {
    if (before == 0) return {};
    const auto taken = client.take_answer();
    return taken ? Result<>() : std::unexpected(taken.error());
  };
  for (json::value& item : all) {
    const std::size_t more = json::serialize(item).size() + 1;
    if (size + more > kPartSize && !part.empty()) {
      const std::size_t count = part.size();
      json::object one{{list, std::exchange(part, {})}, {"part", true}, {"before", before}};
      if (parameters.contains("imported")) one["imported"] = parameters["imported"];
      auto sent = client.send(method, std::move(one), false);
      if (sent) sent = take_previous();
      if (!sent) return sent;
      before += count;
      on_sent(before, all.size());
      size = 0;
    }
    size += more;
    part.push_back(std::move(item));
  }
  parameters[list] = std::move(part);
  if (before > 0) parameters["before"] = before;
  auto sent = client.send(method, std::move(parameters), true);
  if (sent) sent = take_previous();
  return sent ? client.take_answers(on_reply) : sent;
}

}  // namespace wm::cli
