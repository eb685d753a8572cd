// Assertions about our own code. They are checked in release builds, too; a failed one ends the
// turn in which it shows, and not the daemon.
#pragma once

#include <expected>
#include <optional>
#include <stdexcept>
#include <utility>

namespace wm {

/// Thrown if the code breaks a promise that it makes to itself.
class BrokenPromise : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void check(bool holds, const char* promise) {
  if (!holds) throw BrokenPromise(promise);
}

/// Returns the value of the pointer, optional or result. Throws if there is none.
template <class T>
T& checked(T* pointer, const char* promise) {
  if (!pointer) throw BrokenPromise(promise);
  return *pointer;
}
template <class T>
T& checked(std::optional<T>& value, const char* promise) {
  if (!value) throw BrokenPromise(promise);
  return *value;
}
template <class T>
T checked(std::optional<T>&& value, const char* promise) {
  if (!value) throw BrokenPromise(promise);
  return *std::move(value);
}
template <class T, class E>
T checked(std::expected<T, E>&& value, const char* promise) {
  if (!value) throw BrokenPromise(promise);
  return *std::move(value);
}

}  // namespace wm
