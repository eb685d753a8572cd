// What must be true of our own code. It is looked at in release builds, too: what is not true ends
// the turn in which it shows, and not the daemon.
#pragma once

#include <stdexcept>

namespace wm {

/// Thrown where the code breaks a promise that it makes to itself.
class BrokenPromise : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void check(bool holds, const char* promise) {
  if (!holds) throw BrokenPromise(promise);
}

/// What `pointer` points to, which must be something.
template <class T>
T& checked(T* pointer, const char* promise) {
  check(pointer != nullptr, promise);
  return *pointer;
}

}  // namespace wm
