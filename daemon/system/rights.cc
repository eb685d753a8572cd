#include "daemon/system/rights.h"

#include <sys/fsuid.h>
#include <unistd.h>

#include "daemon/system/identity_calls.h"
#include "daemon/system/users.h"

namespace wm {

// Uses the system calls themselves: the library's functions would change every thread.
BorrowedRights::BorrowedRights(uid_t uid) {
  if (::geteuid() != 0 || uid == 0) return;
  const auto user = find_user(uid);
  if (!user) {
    problem_ = user.error().message;
    return;
  }
  groups_.resize(static_cast<std::size_t>(::getgroups(0, nullptr)));
  ::getgroups(static_cast<int>(groups_.size()), groups_.data());
  borrowed_ = true;
  const bool groups = ::syscall(kSetGroups, user->groups.size(), user->groups.data()) == 0;
  ::setfsgid(user->gid);
  ::setfsuid(uid);
  if (!groups || static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1))) != uid) {
    problem_ = "the daemon may not look at another user's files";
  }
}

BorrowedRights::~BorrowedRights() {
  if (!borrowed_) return;
  ::setfsuid(::geteuid());
  ::setfsgid(::getegid());
  ::syscall(kSetGroups, groups_.size(), groups_.data());
}

}  // namespace wm
