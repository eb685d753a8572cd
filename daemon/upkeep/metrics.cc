#include "daemon/upkeep/metrics.h"

#include <cstring>
#include <iterator>
#include <string_view>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/version.h"
#include "daemon/system/unique_fd.h"

namespace wm {
namespace {

constexpr std::chrono::seconds kBetweenFiles{15};

// Delays between due time and process that are neither the job's own wish nor a constraint.
bool is_latency(const Waited& waited) {
  return waited.kind == WaitKind::slot || waited.kind == WaitKind::group;
}

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }
double seconds(TimePoint time) { return seconds(time.time_since_epoch()); }

/// Writes families of samples, each under its HELP and TYPE.
class Exposition {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  Exposition& family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    add("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    return *this;
  }

  Exposition& sample(double value, Labels labels = {}) {
    add("{}", name_);
    std::string_view separator = "{";
    for (const auto& [label, text] : labels) {
      add("{}{}=\"{}\"", separator, label, escaped(text));
      separator = ",";
    }
    add("{} {}\n", labels.size() == 0 ? "" : "}", value);
    return *this;
  }

  void histogram(const Histogram& histogram) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i) {
      count += histogram.counts()[i];
      add("{}_bucket{{le=\"{}\"}} {}\n", name_, Histogram::kBounds[i], count);
    }
    count += histogram.counts().back();
    add("{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", name_, count,
        histogram.sum());
  }

  std::string take() { return std::move(text_); }

 private:
  template <class... Parts>
  void add(fmt::format_string<Parts...> format, Parts&&... parts) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Parts>(parts)...);
  }

  static std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
      if (c == '\\' || c == '"') safe += '\\';
      safe += c == '\n' ? "\\n" : std::string(1, c);
    }
    return safe;
  }

  std::string text_;
  std::string_view name_;
};

struct Queue {
  std::array<std::size_t, 3> states{};  // The number of unfinished jobs in each.
  std::size_t due = 0;
  std::optional<TimePoint> oldest_due;
  std::optional<TimePoint> oldest;
};

Queue look_at(const Scheduler& scheduler) {
  Queue queue;
  for (const auto& [id, row] : scheduler.rows()) {
    const Work& work = row.work;
    ++queue.states[static_cast<std::size_t>(work.state)];
    queue.oldest = earliest(queue.oldest, work.enqueued_at);
    if (work.state != WorkState::enqueued || work.due > scheduler.agenda().now()) continue;
    ++queue.due;
    queue.oldest_due = earliest(queue.oldest_due, work.due);
  }
  return queue;
}

void tell_queue(Exposition& out, const Scheduler& scheduler) {
  const Queue queue = look_at(scheduler);
  out.family("wm_works", "gauge", "Unfinished jobs by state.");
  for (std::size_t state = 0; state < queue.states.size(); ++state) {
    out.sample(static_cast<double>(queue.states[state]),
               {{"state", word(static_cast<WorkState>(state))}});
  }
  out.family("wm_works_due", "gauge", "Due jobs that are held back by conditions, pauses or slots.")
      .sample(static_cast<double>(queue.due));
  if (queue.oldest_due) {
    out.family(
           "wm_oldest_due_timestamp_seconds", "gauge",
           "When the job that has been due for longest became due; its age is time() minus this.")
        .sample(seconds(*queue.oldest_due));
  }
  if (queue.oldest) {
    out.family("wm_oldest_enqueued_timestamp_seconds", "gauge",
               "When the oldest unfinished job was enqueued; its age is time() minus this.")
        .sample(seconds(*queue.oldest));
  }
  out.family("wm_slots", "gauge", "Runs of all users that may go on at once.")
      .sample(scheduler.rules().max_parallel_total);
  out.family("wm_paused", "gauge", "Whether wm pause holds everything back.")
      .sample(scheduler.pauses().contains("") ? 1 : 0);
}

void tell_conditions(Exposition& out, const Metrics::Present& present) {
  out.family("wm_condition", "gauge", "1 for the present value of each condition.");
  for (const boost::json::value& one : present.sensors.to_json()) {
    const boost::json::object& condition = one.as_object();
    const auto* value = condition.if_contains("value");
    out.sample(1, {{"name", condition.at("name").as_string()},
                   {"value", value ? std::string_view(value->as_string()) : "unknown"}});
  }
  out.family("wm_condition_works", "gauge", "Unfinished jobs by the condition that they name.");
  for (const auto& [name, works] : works_by_condition(present.scheduler.agenda().named())) {
    out.sample(static_cast<double>(works), {{"name", name}});
  }
}

template <class E, std::size_t kCount>
void tell_counts(Exposition& out, std::string_view label,
                 const std::array<std::uint64_t, kCount>& counts) {
  for (std::size_t i = 0; i < kCount; ++i) {
    out.sample(static_cast<double>(counts[i]), {{label, word(static_cast<E>(i))}});
  }
}

// Writes a file beside it, then renames it: nobody reads half of it. Returns the problem.
std::string replace_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const auto problem = [&] { return "cannot write " + path + ": " + std::strerror(errno); };
  ::unlink(fresh.c_str());  // A daemon that ended while it wrote may have left it.
  const UniqueFd file(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return problem();
  ::fchmod(file.get(), 0644);  // node_exporter runs as another user, whatever our umask.
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0) {
      const std::string why = problem();
      ::unlink(fresh.c_str());
      return why;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::rename(fresh.c_str(), path.c_str()) == 0 ? "" : problem();
}

}  // namespace

void Metrics::observe(const TurnReport& report, std::chrono::duration<double> took) {
  for (const StatusChange& change : report.statuses) {
    ++events_[static_cast<std::size_t>(change.status)];
  }
  for (const EndedRun& run : report.ended) {
    ++runs_[static_cast<std::size_t>(run.result.outcome)];
    run_durations_.observe(seconds(run.length));
  }
  for (const Start& start : report.started) {
    double latency = took.count();
    for (const Waited& waited : start.waited) {
      if (is_latency(waited)) latency += seconds(waited.time);
    }
    start_latencies_.observe(latency);
  }
}

std::string Metrics::text(const Present& present) const {
  Exposition out;
  out.family("wm_build_info", "gauge", "1, with the version of wmd.")
      .sample(1, {{"version", kVersion}});
  out.family("wm_start_time_seconds", "gauge", "When wmd was started.")
      .sample(seconds(present.started_at));
  tell_queue(out, present.scheduler);
  out.family("wm_events_total", "counter", "Events of jobs, with the names of wm watch.");
  tell_counts<WorkStatus>(out, "event", events_);
  out.family("wm_runs_total", "counter", "Ended runs by outcome.");
  tell_counts<RunOutcome>(out, "outcome", runs_);
  out.family("wm_run_duration_seconds", "histogram", "From the start of a run to its end.")
      .histogram(run_durations_);
  out.family("wm_start_latency_seconds", "histogram",
             "From the moment when a job might start to its process, including waits for a slot.")
      .histogram(start_latencies_);
  out.family("wm_commit_duration_seconds", "histogram", "Transactions of the store.")
      .histogram(present.commits);
  out.family("wm_sync_duration_seconds", "histogram",
             "Syncs of commits to the disk, before anybody is told of them.")
      .histogram(present.syncs);
  tell_conditions(out, present);
  out.family("wm_connections", "gauge", "Clients that are connected.")
      .sample(static_cast<double>(present.connections));
  out.family("wm_connections_refused_total", "counter",
             "Clients that were refused, or closed to make room for others.")
      .sample(static_cast<double>(present.refused_connections));
  out.family("wm_unread_answer_bytes", "gauge", "Answers that clients have not read yet.")
      .sample(static_cast<double>(present.unread_bytes));
  return out.take();
}

void MetricsFile::touch(const std::string& path) {
  path_ = path;
  outdated_ = true;
  if (!pausing_) write();
}

void MetricsFile::write() {
  outdated_ = false;
  if (path_.empty()) return;
  pausing_ = true;
  helpers_.run(
      HelperThreads::metrics, [path = path_, text = text_()] { return replace_file(path, text); },
      [this](const std::string& problem) {
        if (!problem.empty() && problem != told_) spdlog::warn("metrics.textfile: {}", problem);
        told_ = problem;
      });
  pause_.expires_after(kBetweenFiles);
  pause_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    pausing_ = false;
    if (outdated_) write();
  });
}

}  // namespace wm
