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
  state,
  bounds,
  user,
  directory,
  variables,
  program,
};

struct StartFailure {
  StartStage stage = StartStage::process;
  int error = 0;       // errno
  std::string what;    // The program, the file, the directory or the user concerned.
  std::string detail;  // Says more than the error; empty: nothing does.

  /// True if the machine, or the daemon's own directory, did not have what was needed, so that a
  /// later try may work.
  bool out_of_resources() const;
  /// `cannot change to the directory '/x': No such file or directory`
  std::string describe() const;
};

}  // namespace wm
