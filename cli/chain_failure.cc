#include "cli/chain_failure.h"

#include <map>
#include <set>

#include "cli/render/why.h"
#include "cli/render/work.h"
#include "cli/shell_words.h"
#include "core/json_fields.h"
#include "core/text.h"
#include "core/work.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

// The jobs by their keys: whatever depends on a job has been registered after it.
using Nodes = std::map<std::int64_t, const json::object*>;

Nodes nodes_of(const json::array& chain) {
  Nodes nodes;
  for (const json::value& value : chain) {
    nodes[number_of(value.as_object(), "key")] = &value.as_object();
  }
  return nodes;
}

bool has_failed(const json::object& node) {
  const auto state = parse_word<WorkState>(text_of(node, "state"));
  return state == WorkState::failed || state == WorkState::cancelled;
}

bool is_after_any(const json::object& node, const std::set<std::int64_t>& keys) {
  for (const json::value& after : array_of(node, "after")) {
    if (after.is_int64() && keys.contains(after.get_int64())) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> failed_before(const json::array& chain, const std::string& name) {
  const Nodes nodes = nodes_of(chain);
  std::set<std::int64_t> found;
  for (auto one = nodes.rbegin(); one != nodes.rend(); ++one) {
    if (found.empty() ? text_of(*one->second, "uniqueName") != name : !found.contains(one->first)) {
      continue;
    }
    found.insert(one->first);
    for (const json::value& after : array_of(*one->second, "after")) {
      const auto before = after.is_int64() ? nodes.find(after.get_int64()) : nodes.end();
      if (before != nodes.end() && has_failed(*before->second)) found.insert(before->first);
    }
  }
  std::vector<std::string> names;
  for (const std::int64_t key : found) names.push_back(text_of(*nodes.at(key), "uniqueName"));
  return names;
}

std::vector<std::string> failed_after(const json::array& chain, const std::string& name) {
  std::set<std::int64_t> found;
  std::vector<std::string> names;
  for (const auto& [key, node] : nodes_of(chain)) {
    const bool itself = text_of(*node, "uniqueName") == name;
    if (!itself && !(has_failed(*node) && is_after_any(*node, found))) continue;
    found.insert(key);
    if (!itself) names.push_back(text_of(*node, "uniqueName"));
  }
  return names;
}

std::optional<ChainFailure> failure_in_chain(Session& session, const std::string& name) {
  const auto shown = session.ask("Show", {{"uniqueName", name}});
  if (!shown) return std::nullopt;
  ChainFailure failure;
  failure.names = failed_before(array_of(object_of(*shown, "work"), "chain"), name);
  if (failure.names.size() < 2 || failure.names.front() == name) return std::nullopt;
  const std::string& first = failure.names.front();
  const auto root = session.ask("Show", {{"uniqueName", first}});
  if (!root) return std::nullopt;
  const json::object& work = object_of(*root, "work");
  const bool cancelled = text_of(work, "state") == word(WorkState::cancelled);
  const std::string cause = cause_of(object_of(work, "lastResult"));
  failure.reason = "'" + printable(first) + "' " + (cancelled ? "was cancelled" : "failed") +
                   (cause.empty() || cancelled ? "" : ": " + printable(cause));
  return failure;
}

std::string retry_command(const std::vector<std::string>& names, const std::string& owner) {
  std::string command = program_for(owner) + "retry";
  for (const std::string& name : names) command += " " + shell_word(name);
  return command;
}

}  // namespace wm::cli
