// Another user's view of the file system, for a daemon that serves all users.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace wm {

/// While it exists, this thread sees the file system as that user does. It changes nothing if the
/// daemon is not root's, or the user is root.
class BorrowedRights {
 public:
  explicit BorrowedRights(uid_t uid);
  ~BorrowedRights();
  BorrowedRights(const BorrowedRights&) = delete;
  BorrowedRights& operator=(const BorrowedRights&) = delete;

  /// Says why the thread does not see it so: then it must not look at anything. Empty: it does.
  const std::string& problem() const { return problem_; }

 private:
  std::vector<gid_t> groups_;
  bool borrowed_ = false;
  std::string problem_;
};

}  // namespace wm
