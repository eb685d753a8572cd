#include "fleet/work/fleet_file.h"

#include "cli/work_file.h"
#include "config/toml_reader.h"
#include "core/json_fields.h"
#include "core/request_json.h"

namespace wm::fleet {

namespace json = boost::json;

namespace {

void read_placement(TomlReader& reader, FleetWork& work) {
  bool each = false;
  bool any = false;
  reader.read("each", each);
  reader.read("any", any);
  const bool counted = reader.has("count");
  reader.read("count", work.count, 1, kMostNodes);
  if (static_cast<int>(each) + static_cast<int>(any) + static_cast<int>(counted) > 1) {
    return reader.fail("each", "any and count are different placements: give one of them");
  }
  work.placement = each ? Placement::each : counted ? Placement::count : Placement::any;
  reader.read("lease", work.lease);
  reader.read("hold", work.hold);
  std::map<std::string, std::string> labels;
  reader.read("labels", labels);
  for (const auto& [key, value] : labels) {
    const auto label = parse_label(key + "=" + value);
    if (!label) return reader.complain("labels", label.error().message);
    work.labels.insert(*label);
  }
}

}  // namespace

Result<std::vector<DeclaredFleetWork>> parse_fleet_works(std::string_view toml,
                                                         const std::string& name) {
  std::vector<FleetWork> placed;
  auto read = cli::parse_works(toml, name, cli::Place::elsewhere, [&](TomlReader& reader) {
    read_placement(reader, placed.emplace_back());
  });
  if (!read) return std::unexpected(read.error());
  std::vector<DeclaredFleetWork> works;
  for (std::size_t i = 0; i < read->size(); ++i) {
    FleetWork work = std::move(placed.at(i));
    work.request = std::move((*read)[i].request);
    if (const auto valid = validate(work); !valid) {
      return fail(valid.error().code, (*read)[i].where + ": " + valid.error().message);
    }
    works.push_back({std::move(work), (*read)[i].where});
  }
  return works;
}

Result<FleetWork> fleet_work_from_json(const json::object& object) {
  FleetWork work;
  auto request = request_from_json(object_of(object, "request"));
  if (!request) return std::unexpected(request.error());
  const auto placement = parse_word<Placement>(text_of(object, "placement"));
  if (!placement) return std::unexpected(placement.error());
  work.request = std::move(*request);
  work.placement = *placement;
  work.count = static_cast<int>(number_of(object, "count"));
  work.lease = Duration{number_of(object, "leaseMs")};
  work.hold = Duration{number_of(object, "holdMs")};
  for (const auto& [key, value] : object_of(object, "labels")) {
    if (value.is_string()) work.labels[key] = value.get_string();
  }
  return work;
}

void write_fleet_work(std::ostream& out, const json::object& stored) {
  const auto work = fleet_work_from_json(stored);
  if (!work) throw std::runtime_error("the database's answer: " + work.error().message);
  cli::write_works(out, {object_of(stored, "request")});
  const FleetWork usual;
  const auto line = [&](std::string_view key, const json::value& text) {
    out << cli::toml_line(key, text);
  };
  switch (work->placement) {
    case Placement::any:
      break;
    case Placement::each:
      line("each", true);
      break;
    case Placement::count:
      line("count", work->count);
      break;
  }
  if (!work->labels.empty()) line("labels", to_json(work->labels));
  if (work->lease != usual.lease) line("lease", json::value(format_duration(work->lease)));
  if (work->hold != usual.hold) line("hold", json::value(format_duration(work->hold)));
}

}  // namespace wm::fleet
