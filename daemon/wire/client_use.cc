#include "daemon/wire/client_use.h"

#include <algorithm>

namespace wm {
namespace {

std::size_t left_of(std::size_t bound, std::size_t used) { return bound - std::min(bound, used); }

void move_use(ClientUse& use, const ClientUse& before, const ClientUse& now) {
  use.connections += now.connections - before.connections;
  use.unread += now.unread - before.unread;
  use.incoming += now.incoming - before.incoming;
  use.kept += now.kept - before.kept;
}

}  // namespace

void ClientBounds::change(uid_t user, const ClientUse& before, const ClientUse& now) {
  ClientUse& use = users_[user];
  move_use(use, before, now);
  move_use(sum_, before, now);
  if (use == ClientUse{}) users_.erase(user);
}

std::size_t ClientBounds::room_for_answers(uid_t user) const {
  const std::size_t unread = of(user).unread;
  const std::size_t own = left_of(most_unread(user), unread);
  return unread == 0 ? own : std::min(own, left_of(limits_.max_unread_total, sum_.unread));
}

bool ClientBounds::has_room_for_call(uid_t user, std::size_t bytes) const {
  const std::size_t incoming = of(user).incoming;
  if (incoming == 0) return true;
  return bytes <= left_of(most_unread(user), incoming) &&
         bytes <= left_of(limits_.max_unread_total, sum_.incoming);
}

std::size_t ClientBounds::room_to_keep(uid_t user, std::size_t most) const {
  return of(user).kept == 0 ? most : left_of(most, sum_.kept);
}

ClientUse ClientBounds::of(uid_t user) const {
  const auto found = users_.find(user);
  return found == users_.end() ? ClientUse{} : found->second;
}

}  // namespace wm
