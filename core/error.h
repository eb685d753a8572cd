// Errors of normal use, as values with one sentence for people.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace wm {

/// The caller's way out of an error; the client's exit codes and the wire's error names follow from
/// it.
enum class ErrorCode {
  invalid,        // The request itself is wrong: out of bounds, malformed, unknown.
  not_found,      // No such job.
  refused,        // Well formed, but the policy or the job's state does not allow it.
  not_permitted,  // The caller may not do this.
  unreachable,    // The daemon does not answer.
  failed,         // The machine failed us: storage, memory, a system call.
};

struct Error {
  ErrorCode code = ErrorCode::failed;
  std::string message;

  bool operator==(const Error&) const = default;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

/// The request itself is wrong.
inline std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::invalid, std::move(message));
}

}  // namespace wm
