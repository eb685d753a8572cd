#include "daemon/methods/log_pages.h"

#include "core/base64.h"
#include "core/time.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr std::size_t kLogPart = std::size_t{256} << 10;

}  // namespace

void LogPages::begin(const RunInfo& run) {
  work_ = run.work;
  run_ = run.run;
  removed_ = run.log_removed;
  reader_ = log_.read(run.work, run.run);
  dropped_ = 0;
}

// A gap is reported at the beginning of a page: no page contains one.
Exchange::Page LogPages::next(bool more) {
  json::array parts;
  std::size_t size = 0;
  std::int64_t missing = 0;
  bool ended = false;
  while (!ended && size < kLogPart) {
    auto part = reader_.next();
    ended = !part;
    if (!part) break;
    const bool gap = part->dropped > 0 || (part->missing > 0 && part->stream == stream_);
    if (gap && !parts.empty()) {
      reader_.put_back(std::move(*part));
      break;
    }
    dropped_ += part->dropped;
    if (part->stream != stream_) continue;
    missing += part->missing;
    if (part->bytes.empty()) continue;
    size += part->bytes.size();
    parts.push_back({{"time", format_time(part->time)}, {"data", encode_base64(part->bytes)}});
  }
  has_news_ = !parts.empty() || missing > 0;
  json::object page{{"run", run_}, {"parts", std::move(parts)}};
  if (removed_) page["removed"] = true;
  if (dropped_ > 0) page["dropped"] = dropped_;
  if (missing > 0) page["missing"] = missing;
  page["printed"] = position();
  return {std::move(page), more || !ended};
}

}  // namespace wm
