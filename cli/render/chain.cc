#include "cli/render/chain.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct Place {
  std::int64_t key = 0;
  std::string stem;  // The text before its children's branches.
  std::string branch;
};

}  // namespace

void print_chain(std::ostream& out, const Style& style, const json::array& chain,
                 const std::string& self) {
  std::map<std::int64_t, const json::object*> nodes;
  for (const json::value& value : chain) {
    nodes[number_of(value.as_object(), "key")] = &value.as_object();
  }
  std::map<std::int64_t, std::vector<std::int64_t>> children;
  std::vector<Place> stack;
  for (const auto& [key, node] : nodes) {
    bool root = true;
    for (const json::value& after : array_of(*node, "after")) {
      if (!after.is_int64() || !nodes.contains(after.get_int64())) continue;
      children[after.get_int64()].push_back(key);
      root = false;
    }
    if (root) stack.insert(stack.begin(), {key, "", ""});
  }
  std::set<std::int64_t> printed;
  while (!stack.empty()) {
    const Place place = stack.back();
    stack.pop_back();
    const json::object& node = *nodes.at(place.key);
    const std::string name = printable(text_of(node, "uniqueName"));
    const bool again = !printed.insert(place.key).second;
    out << "  " << place.branch << (text_of(node, "uniqueName") == self ? style.bold(name) : name)
        << "  " << style.state(text_of(node, "state")) << (again ? "  (see above)" : "") << '\n';
    if (again) continue;
    const auto& below = children[place.key];
    for (std::size_t i = below.size(); i-- > 0;) {
      const bool last = i + 1 == below.size();
      stack.push_back(
          {below[i], place.stem + (last ? "   " : style.stem()), place.stem + style.branch(last)});
    }
  }
}

}  // namespace wm::cli
