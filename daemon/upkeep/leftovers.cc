#include "daemon/upkeep/leftovers.h"

#include <array>
#include <cstdio>
#include <optional>

#include <spdlog/spdlog.h>

#include "core/text.h"

namespace wm {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kNamesAtOnce = 256;    // Each is looked up in the store's index, on the loop.
constexpr std::string_view kGone = "gone-";  // Prefixed to files that are to be removed.

// The numbers in a name like `7` or `7.3`, if it consists only of them.
template <std::size_t N>
std::optional<std::array<std::int64_t, N>> numbers_in(std::string_view name) {
  std::array<std::int64_t, N> numbers{};
  for (std::size_t i = 0; i < N; ++i) {
    const bool last = i + 1 == N;
    const std::size_t end = last ? name.size() : name.find('.');
    const auto number = parse_number<std::int64_t>(name.substr(0, end));
    if (!number || *number < 1 || end == std::string_view::npos) return std::nullopt;
    numbers.at(i) = *number;
    if (!last) name.remove_prefix(end + 1);
  }
  return numbers;
}

std::string_view without_end(std::string_view name, std::string_view end) {
  return name.ends_with(end) ? name.substr(0, name.size() - end.size()) : name;
}

}  // namespace

// The result of one look of the helper.
struct Leftovers::Step {
  std::vector<std::string> names;  // Names to look up.
  int removed = 0;
  std::string problem;
  bool over = false;  // Nothing is left in the folder.
};

// Walks through one folder.
class Leftovers::Walk {
 public:
  explicit Walk(fs::path folder) : folder_(std::move(folder)) {}

  Step next(const std::vector<std::string>& set_aside) {
    Step step;
    for (const std::string& name : set_aside) remove(name, step);
    std::error_code problem;
    if (!begun_) entries_ = fs::directory_iterator(folder_, problem);
    begun_ = true;
    while (!problem && entries_ != fs::directory_iterator() && step.names.size() < kNamesAtOnce) {
      std::string name = entries_->path().filename().string();
      if (name.starts_with(kGone)) {
        remove(name, step);  // The daemon that had set it aside was killed.
      } else {
        step.names.push_back(std::move(name));
      }
      entries_.increment(problem);
    }
    if (problem) {
      step.problem = folder_.string() + ": " + problem.message();
      step.names.clear();
    }
    step.over = problem || (entries_ == fs::directory_iterator() && step.names.empty());
    return step;
  }

 private:
  void remove(const std::string& name, Step& step) const {
    std::error_code problem;
    fs::remove_all(folder_ / name, problem);
    if (!problem) {
      ++step.removed;
    } else {
      step.problem = (folder_ / name).string() + ": " + problem.message();
    }
  }

  fs::path folder_;
  fs::directory_iterator entries_;
  bool begun_ = false;
};

Leftovers::Leftovers(HelperThreads& helpers, Store& store, fs::path state_directory)
    : helpers_(helpers), store_(store), state_directory_(std::move(state_directory)) {}

void Leftovers::sweep(int outputs) {
  swept_.outputs = outputs;
  walk_ = std::make_shared<Walk>(state_directory_ / "logs");
  go_on();
}

void Leftovers::go_on() {
  helpers_.run(
      HelperThreads::leftovers,
      [walk = walk_, set_aside = std::exchange(set_aside_, {})] { return walk->next(set_aside); },
      [this](const Step& step) { take(step); });
}

void Leftovers::take(const Step& step) {
  (in_logs_ ? swept_.logs : swept_.state_directories) += step.removed;
  if (!step.problem.empty()) swept_.problem = step.problem;
  try {
    const fs::path folder = state_directory_ / (in_logs_ ? "logs" : "work");
    for (const std::string& name : step.names) {
      if (is_recorded(name)) continue;
      const std::string aside = std::string(kGone) + name;
      if (std::rename((folder / name).c_str(), (folder / aside).c_str()) == 0) {
        set_aside_.push_back(aside);
      }
    }
  } catch (const StoreError& e) {
    // The rest stays until the next start.
    swept_.problem = e.what();
  }
  if (!step.over) return go_on();
  if (std::exchange(in_logs_, false)) {
    walk_ = std::make_shared<Walk>(state_directory_ / "work");
    return go_on();
  }
  swept_.over = true;
  walk_.reset();
  if (swept_.logs + swept_.outputs + swept_.state_directories > 0) {
    spdlog::info("removed files without a record: {} logs, {} outputs, {} state directories",
                 swept_.logs, swept_.outputs, swept_.state_directories);
  }
  if (!swept_.problem.empty()) {
    spdlog::warn("not all files without a record were removed: {}", swept_.problem);
  }
}

bool Leftovers::is_recorded(const std::string& name) {
  if (in_logs_) {
    const auto log = numbers_in<2>(without_end(name, ".old"));
    return !log || store_.has_run((*log)[0], static_cast<int>((*log)[1]));
  }
  const auto directory = numbers_in<1>(name);
  return !directory || store_.has_state((*directory)[0]);
}

}  // namespace wm
