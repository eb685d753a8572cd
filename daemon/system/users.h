// The user that a run belongs to, from the system's user database.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "core/error.h"

namespace wm {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  std::string name;
  std::string home;
  std::string shell;
};

/// An error if the database has no such user or cannot be asked.
Result<User> find_user(uid_t uid);
Result<User> find_user(const std::string& name);

/// The user of this process. Without an entry, as in a container that assigns random numbers, the
/// home and the name come from this process's environment, otherwise they are `directory` and the
/// number.
User own_user(const std::string& directory);

/// Nothing: there is no such group.
std::optional<gid_t> find_group(const std::string& name);

}  // namespace wm
