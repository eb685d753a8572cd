// A list that is larger than a message: its parts come in calls of one connection, and wait for the
// last one.
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

/// The parameters that describe a part.
struct PartOfList {
  bool part = false;        // More parts come after it.
  std::int64_t before = 0;  // The number of items in the parts before it.
};

/// Reads the parameters of a call with a part of a list. If they are wrong, the parts before it are
/// useless, and are dropped.
template <class Read>
bool read_part(Exchange& exchange, PartOfList& part, Read read) {
  const bool done = read_parameters(exchange, [&](JsonReader& reader) {
    read(reader.read("part", part.part).read("before", part.before));
  });
  if (!done) exchange.kept().reset();
  return done;
}

/// Takes the parts before this one from the connection; the caller puts them back if they are to
/// stay. Refused if they are not there.
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

/// The room for parts that wait for the last one.
class RoomForParts {
 public:
  /// See ClientBounds::room_to_keep(), which has the same arguments. In bytes.
  using RoomToKeep = std::function<std::size_t(uid_t user, std::size_t most)>;

  RoomForParts(const Settings& settings, RoomToKeep room_to_keep)
      : settings_(settings), room_to_keep_(std::move(room_to_keep)) {}

  /// Bytes that this user's parts may still take.
  std::size_t left_for(uid_t user) const {
    return room_to_keep_(user, static_cast<std::size_t>(settings_.keep.max_work_space));
  }
  /// The error if they take more.
  Error exceeded() const;

 private:
  const Settings& settings_;
  RoomToKeep room_to_keep_;
};

}  // namespace wm
