// Fleet work: a registration, and which nodes it is for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "core/work.h"

namespace wm::fleet {

/// Any one node that matches, each that does, or that many different ones.
enum class Placement : std::uint8_t { any, each, count };

using Labels = std::map<std::string, std::string>;

constexpr Duration kLeastLease = 2s;
constexpr int kMostNodes = 1000;

struct FleetWork {
  WorkRequest request;
  Placement placement = Placement::any;
  int count = 1;
  Labels labels;  // A node must have all of them.
  Duration lease = 60s;
  Duration hold = 1min;  // A claim whose run waits for longer goes back.

  bool operator==(const FleetWork&) const = default;
};

/// `KEY=VALUE`; letters, digits and `._-/` in the key, at most 63 of them.
Result<std::pair<std::string, std::string>> parse_label(std::string_view text);
Result<Labels> parse_labels(const std::vector<std::string>& texts);
boost::json::object to_json(const Labels& labels);
/// `gpu=yes, site=berlin`
std::string labels_text(const Labels& labels);

/// Checks what concerns the fleet, and the request as a daemon with these limits would.
Result<> validate(const FleetWork& work);

/// A bit for each constraint that a node says holds: see needs_of().
using Needs = std::uint32_t;

/// The constraints that a node's conditions decide by themselves, each by itself; bit i stands for
/// element i. The numbers are in the database: new ones come at the end.
const std::vector<Constraints>& simple_constraints();
/// The bits of the constraints that the request names, and kJudged if it names windows.
Needs needs_of(const Constraints& constraints);
/// Only the node's daemon can say whether all of it holds now. No node says that it has this bit
/// without having asked.
inline constexpr Needs kJudged = Needs{1} << 30;

/// The document that wm.register_work() takes. `now`, `zone`: for the first due time.
boost::json::object registration(const FleetWork& work, std::string_view existing, bool applied,
                                 TimePoint now, const date::time_zone* zone);

}  // namespace wm::fleet

template <>
struct wm::Words<wm::fleet::Placement> {
  static constexpr std::string_view noun = "placement";
  static constexpr std::array<std::string_view, 3> list{"any", "each", "count"};
};
