// A list that is larger than a message: its parts come in calls of one connection, and nothing is
// done with them before the last is there.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/wire/server.h"

namespace wm {

template <class Item>
class Parts : public Kept {
 public:
  explicit Parts(uid_t user) : owner(user) {}

  void add(Item item, std::size_t bytes) {
    list.push_back(std::move(item));
    bytes_ += bytes;
  }
  std::size_t bytes() const override { return bytes_; }

  const uid_t owner;
  std::vector<Item> list;

 private:
  std::size_t bytes_ = 0;
};

/// The parameters by which a call describes the part that it brings.
struct PartOfList {
  bool part = false;        // More of them come after it.
  std::int64_t before = 0;  // So many items came in the parts before it.
};

/// Those before this one. From here on the connection does not have them: whoever wants to keep
/// them keeps them anew. Refused: they are not here.
template <class Item>
Result<std::shared_ptr<Parts<Item>>> take_parts(Exchange& exchange, const PartOfList& now) {
  auto parts = std::dynamic_pointer_cast<Parts<Item>>(std::exchange(exchange.kept(), nullptr));
  const uid_t owner = exchange.peer().uid;
  if (now.before == 0) return std::make_shared<Parts<Item>>(owner);
  if (parts && parts->owner == owner && std::cmp_equal(parts->list.size(), now.before)) {
    return parts;
  }
  return fail(ErrorCode::refused,
              "wmd does not have the " + std::to_string(now.before) +
                  " that came before these, as after a part that it refused, or after another wmd "
                  "took its place: send all of them again");
}

}  // namespace wm
