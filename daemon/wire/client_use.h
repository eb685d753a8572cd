// Counts each user's share of the daemon: connections, calls that arrive, what these keep for later
// calls, and unread answers. A user who reaches a bound waits; nobody else does.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include <sys/types.h>

#include "config/settings.h"

namespace wm {

/// One connection's use, or a user's total. All but `connections` are bytes.
struct ClientUse {
  std::size_t connections = 0;
  std::size_t unread = 0;    // Answers that are made and not sent.
  std::size_t incoming = 0;  // Reserved for large calls, until they are taken.
  std::size_t kept = 0;      // Kept by calls for later ones.

  bool operator==(const ClientUse&) const = default;
};

/// The bounds of the configuration. Root is bound only by those for all users together.
class ClientBounds {
 public:
  explicit ClientBounds(const ClientLimits& limits) : limits_(limits) {}

  void set_limits(const ClientLimits& limits) { limits_ = limits; }
  const ClientLimits& limits() const { return limits_; }

  /// One of that user's connections has changed its use.
  void change(uid_t user, const ClientUse& before, const ClientUse& now);

  std::size_t most_connections(uid_t user) const {
    return user == 0 ? limits_.max_connections_total : limits_.max_connections;
  }
  std::size_t most_unread(uid_t user) const {
    return user == 0 ? limits_.max_unread_total : limits_.max_unread;
  }

  /// Bytes of answers that may be made for that user now. A user who has read all answers never
  /// waits for others who have not.
  std::size_t room_for_answers(uid_t user) const;
  /// True if a large call of that many bytes may be read now. One at a time always may.
  bool has_room_for_call(uid_t user, std::size_t bytes) const;

  /// Bytes that calls of that user may keep for later calls, if all users together have `most`. A
  /// user who keeps nothing may always begin.
  std::size_t room_to_keep(uid_t user, std::size_t most) const;

  ClientUse of(uid_t user) const;
  const std::map<uid_t, ClientUse>& users() const { return users_; }
  const ClientUse& sum() const { return sum_; }

 private:
  ClientLimits limits_;
  std::map<uid_t, ClientUse> users_;  // The users who are connected.
  ClientUse sum_;
};

}  // namespace wm
