#include "daemon/users.h"

#include <cstring>

#include <grp.h>
#include <pwd.h>

namespace wm {

Result<User> find_user(uid_t uid) {
  std::vector<char> buffer(16'384);
  passwd entry{};
  passwd* found = nullptr;
  int problem = 0;
  while ((problem = ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found)) == ERANGE) {
    buffer.resize(buffer.size() * 2);
  }
  if (!found) {
    return fail(ErrorCode::not_found,
                "no user has the id " + std::to_string(uid) +
                    (problem ? std::string(": ") + std::strerror(problem) : ""));
  }
  User user{uid, entry.pw_gid, {}, entry.pw_name, entry.pw_dir, entry.pw_shell};
  int count = 32;
  user.groups.resize(static_cast<std::size_t>(count));
  while (::getgrouplist(entry.pw_name, entry.pw_gid, user.groups.data(), &count) < 0) {
    user.groups.resize(static_cast<std::size_t>(count));
  }
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

}  // namespace wm
