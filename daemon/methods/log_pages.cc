#include "daemon/methods/log_pages.h"

#include "core/base64.h"
#include "core/messages.h"
#include "core/time.h"

namespace wm {

namespace json = boost::json;

namespace {

constexpr std::size_t kLogPart = std::size_t{256} << 10;

}  // namespace

void LogPages::begin(const RunInfo& run) {
  work_ = run.work;
  run_ = run.run;
  record_ = run_ > 0 ? to_json(run) : json::object();
  removed_ = run.log_removed;
  reader_ = log_.read(run.work, run.run);
  dropped_ = 0;
  end_told_ = run.result.has_value();
}

bool LogPages::is_silent_failure(const RunInfo& run) const {
  return !end_told_ && position() == 0 && run.work == work_ && run.result &&
         (run.result->outcome == RunOutcome::failed || run.result->outcome == RunOutcome::retry);
}

Exchange::Page LogPages::tell_end(const RunInfo& run) {
  end_told_ = true;
  record_ = to_json(run);
  Exchange::Page page = next(true);
  page.parameters["silent"] = true;
  return page;
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
    const bool wanted = !stream_ || part->stream == *stream_;
    const bool gap = part->dropped > 0 || (part->missing > 0 && wanted);
    if (gap && !parts.empty()) {
      reader_.put_back(std::move(*part));
      break;
    }
    dropped_ += part->dropped;
    if (!wanted) continue;
    missing += part->missing;
    if (part->bytes.empty()) continue;
    size += part->bytes.size();
    json::object& out = parts.emplace_back(json::object()).get_object();
    out["time"] = format_time(part->time);
    out["data"] = encode_base64(part->bytes);
    if (part->stream == LogStream::errors) out["stderr"] = true;
  }
  has_news_ = !parts.empty() || missing > 0;
  json::object page{{"run", run_}, {"parts", std::move(parts)}};
  // A follower gets no page without news, unless it is the first or the last one.
  if (!record_.empty()) page["record"] = has_news_ ? std::exchange(record_, {}) : record_;
  if (removed_) page["removed"] = true;
  if (dropped_ > 0) page["dropped"] = dropped_;
  if (missing > 0) page["missing"] = missing;
  if (ended) page["caughtUp"] = true;
  page["printed"] = position();
  return {std::move(page), more || !ended};
}

}  // namespace wm
