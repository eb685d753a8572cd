// The state that outlives the program when another takes its place in the same process, for example
// in an upgrade: the children and their pipes, the clients, and the sensors' measurements.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "core/error.h"

namespace wm {

class Handover {
 public:
  /// Keeps a descriptor: the next program gets it under the same number.
  void keep(int descriptor) { kept_.push_back(descriptor); }

  /// The state of each part of the daemon, under the part's name.
  boost::json::object parts;

  /// Runs `program`, an absolute path, in place of this one. Returns only if that fails.
  Error exec(const std::string& program, const std::vector<std::string>& arguments) const;

  /// Takes over what the previous program has left. Nothing: there was none, or it uses another
  /// format; then its children are leftovers.
  static std::optional<Handover> take();

 private:
  std::vector<int> kept_;
};

/// A descriptor that was kept, closed to this program's children again.
int kept_descriptor(const boost::json::object& part, std::string_view key);

}  // namespace wm
