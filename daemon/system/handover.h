// What outlives the program when another takes its place in the same process, as for an upgrade:
// the children and their pipes, the clients, and what the sensors have measured.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "core/error.h"

namespace wm {

class Handover {
 public:
  /// A descriptor that the next program gets under the same number.
  void keep(int descriptor) { kept_.push_back(descriptor); }

  /// What the parts of the daemon say of themselves, each under its name.
  boost::json::object parts;

  /// Runs `program`, an absolute path, in place of this one. Returns only if that fails.
  Error exec(const std::string& program, const std::vector<std::string>& arguments) const;

  /// What the program before this one has left. Nothing: there was none, or one that speaks of it
  /// in another way; then its children are leftovers.
  static std::optional<Handover> take();

 private:
  std::vector<int> kept_;
};

/// A descriptor that was kept, closed to this program's children again.
int kept_descriptor(const boost::json::object& part, std::string_view key);

}  // namespace wm
