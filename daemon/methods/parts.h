// A list that is larger than a message: its parts come in calls of one connection, and nothing is
// done with them before the last is there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.h"
#include "daemon/methods/calls.h"

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
  std::int64_t before = 0;  // This many items came in the parts before it.
};

/// Reads the parameters of a call that brings a part of a list. Where they are wrong, the parts
/// before it are of no use, and go.
template <class Read>
bool read_part(Exchange& exchange, PartOfList& part, Read read) {
  const bool done = read_parameters(exchange, [&](JsonReader& reader) {
    read(reader.read("part", part.part).read("before", part.before));
  });
  if (!done) exchange.kept().reset();
  return done;
}

/// Takes the parts before this one from the connection: whoever wants to keep them there keeps them
/// anew. Refused: they are not there.
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

/// How much room there is for parts that wait for the last.
class RoomForParts {
 public:
  /// See ClientBounds::room_to_keep(), which has these arguments. Bytes.
  using RoomToKeep = std::function<std::size_t(uid_t user, std::size_t most)>;

  RoomForParts(const Settings& settings, RoomToKeep room_to_keep)
      : settings_(settings), room_to_keep_(std::move(room_to_keep)) {}

  /// Bytes that this user's parts may still take.
  std::size_t left_for(uid_t user) const {
    return room_to_keep_(user, static_cast<std::size_t>(settings_.keep.max_work_space));
  }
  /// Where they are more than that.
  Error exceeded() const;

 private:
  const Settings& settings_;
  RoomToKeep room_to_keep_;
};

}  // namespace wm
