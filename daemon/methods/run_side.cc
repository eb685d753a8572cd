#include "daemon/methods/run_side.h"

#include "core/messages.h"

namespace wm {

namespace json = boost::json;

namespace {

Result<> check_size(std::string_view what, const std::string& text, const Limits& limits) {
  if (text.size() <= limits.max_data) return {};
  return fail(ErrorCode::invalid, std::string(what) + " of " + std::to_string(text.size()) +
                                      " bytes is over the maximum of " +
                                      std::to_string(limits.max_data) + " (limits.max_data)");
}

}  // namespace

void RunSide::report(const ExchangePtr& exchange, const std::string& id,
                     std::function<void(WorkId, TimePoint)> body) {
  pending_.ask(exchange, [this, exchange, id, body = std::move(body)](TimePoint now) {
    const auto work = manager_.find_run(id, exchange->peer().uid);
    if (!work) return exchange->error(work.error());
    body(*work, now);
    exchange->reply({});
  });
}

void RunSide::set_progress(const ExchangePtr& exchange) {
  std::string id;
  RunProgress progress;
  std::optional<json::object> data;
  if (!read_parameters(*exchange, [&](JsonReader& reader) {
        reader.read("id", id).read("percent", progress.percent).read("data", data);
      })) {
    return;
  }
  if (data) progress.data = json::serialize(*data);
  if (progress.percent && (*progress.percent < 0 || *progress.percent > 100)) {
    return exchange->error(
        Error{ErrorCode::invalid, "a percentage is a whole number from 0 to 100"});
  }
  if (const auto fits = check_size("progress", progress.data, settings_.limits); !fits) {
    return exchange->error(fits.error());
  }
  report(exchange, id, [this, progress](WorkId work, TimePoint now) {
    manager_.set_progress(work, progress);
    waits_.has_progressed(work);
    watchers_.tell_progress(work, progress, now);
  });
}

void RunSide::set_output(const ExchangePtr& exchange) {
  std::string id;
  json::object output;
  if (!read_parameters(*exchange,
                       [&](JsonReader& reader) { reader.read("id", id).read("output", output); })) {
    return;
  }
  const std::string text = json::serialize(output);
  if (const auto fits = check_size("output", text, settings_.limits); !fits) {
    return exchange->error(fits.error());
  }
  report(exchange, id, [this, text](WorkId work, TimePoint) { manager_.set_output(work, text); });
}

}  // namespace wm
