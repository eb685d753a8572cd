#include "daemon/methods/wait_call.h"

#include <utility>

namespace wm {

namespace json = boost::json;

namespace {

// The most bytes of unread results that are kept.
constexpr std::size_t kMostKept = std::size_t{1} << 20;

}  // namespace

void WaitCall::end(WorkId key, json::object work, std::size_t weight, TimePoint now) {
  const auto found = awaited_.find(key);
  if (found == awaited_.end() || over()) return;
  End end{key, std::move(found->second.unique_name), std::move(work), weight, now};
  if (!ends_.empty() && weight_ + weight > kMostKept) {
    end.work.reset();
    end.weight = 0;
  }
  weight_ += end.weight;
  ends_.push_back(std::move(end));
  awaited_.erase(found);
  progressed_.erase(key);
  ended_ = moved_ = true;
}

void WaitCall::forget(const std::string& unique_name) {
  ends_.push_back({0, unique_name, {}, 0, {}});
}

json::array WaitCall::awaited_json() const {
  json::array list;
  for (const auto& [key, work] : awaited_) {
    list.push_back({{"uniqueName", work.unique_name}, {"key", key}, {"run", work.run}});
  }
  return list;
}

void WaitCall::keep_place() {
  const auto exchange = exchange_.lock();
  if (exchange && std::exchange(moved_, false)) {
    exchange->set_parameter("awaited", awaited_json());
  }
}

json::object WaitCall::page_of(End end, const Sources& sources) const {
  if (!end.work) end.work = sources.work(end.key, end.time);
  if (!end.work) return {{"forgotten", end.unique_name}};
  return {{"work", std::move(*end.work)}};
}

std::optional<Exchange::Page> WaitCall::next_page(const Sources& sources) {
  if (!std::exchange(begun_, true) && !over()) {
    return Exchange::Page{{{"awaited", awaited_json()}}, true};
  }
  if (!ends_.empty()) {
    End end = std::move(ends_.front());
    ends_.pop_front();
    weight_ -= end.weight;
    return Exchange::Page{page_of(std::move(end), sources), !over() || !ends_.empty()};
  }
  while (!progressed_.empty()) {
    const WorkId key = progressed_.extract(progressed_.begin()).value();
    const auto progress = sources.progress(key);
    if (!progress || !awaited_.contains(key)) continue;
    return Exchange::Page{{{"uniqueName", awaited_.at(key).unique_name}, {"progress", *progress}},
                          true};
  }
  keep_place();
  return std::nullopt;
}

}  // namespace wm
