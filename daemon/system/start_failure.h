// The reason why a child could not run its program.
#pragma once

#include <cstdint>
#include <string>

namespace wm {

enum class StartStage : std::uint8_t {
  process,
  session,
  record,
  cgroup,
  files,
  bounds,
  user,
  directory,
  program,
};

struct StartFailure {
  StartStage stage = StartStage::process;
  int error = 0;     // errno
  std::string what;  // The program, the directory or the user concerned.

  /// True if the machine had run out of something, so that a later try may work.
  bool out_of_resources() const;
  /// `cannot change to the directory '/x': No such file or directory`
  std::string describe() const;
};

}  // namespace wm
