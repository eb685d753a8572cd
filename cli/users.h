// The system's users. A name service loads libraries into whoever asks it, so the client, which is
// linked statically, lets getent(1) ask.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include "core/error.h"

namespace wm::cli {

/// The user with that name, or with that number.
Result<uid_t> find_user(const std::string& name);

class UserNames {
 public:
  /// Looks up all that are not known yet, at once.
  void learn(const std::vector<uid_t>& users);
  /// The number, for a user without a name.
  std::string of(uid_t user) const;

 private:
  std::map<uid_t, std::string> names_;
};

/// Tells root whose a job is, behind its name.
class OwnerMarks {
 public:
  /// With `named`, the caller has said whose jobs are meant.
  explicit OwnerMarks(bool named) : named_(named) {}

  /// ` (ann)`; empty for a job of the caller's own.
  std::string of(uid_t owner);

 private:
  bool named_;
  UserNames names_;
};

}  // namespace wm::cli
