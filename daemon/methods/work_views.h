// A job as its clients see it: its record, the progress of its run, and what it waits for.
#pragma once

#include <vector>

#include <boost/json.hpp>

#include "core/explain.h"
#include "daemon/probes/sensors.h"
#include "daemon/store/store.h"
#include "daemon/triggers/path_watches.h"
#include "daemon/turn/work_manager.h"

namespace wm {

/// Adds to unmet constraints the source of their condition.
void explain_constraints(std::vector<Wait>& waits, const Sensors& sensors);

class WorkViews {
 public:
  WorkViews(const WorkManager& manager, Store& store, const Sensors& sensors,
            const PathWatches& paths)
      : manager_(manager), store_(store), sensors_(sensors), paths_(paths) {}

  /// Everything that the job waits for, each with its reason. Empty: nothing.
  std::vector<Wait> waits_of(const Work& work, TimePoint now) const;
  /// The constraints that would hold it back once nothing else does.
  std::vector<Wait> unmet_by(const Work& work, TimePoint now) const;
  /// The constraints that hold already, each with its source, and since when.
  std::vector<Wait> met_by(const Work& work, TimePoint now) const;
  boost::json::object show(const WorkInfo& info, TimePoint now) const;
  /// The members of an answer that shows the job with that id, which is on record.
  boost::json::object reply_with(WorkId id, TimePoint now) const;

 private:
  /// The prerequisite because of which it has failed without a run; empty: there is none.
  std::string failed_prerequisite(const WorkInfo& info) const;

  const WorkManager& manager_;
  Store& store_;
  const Sensors& sensors_;
  const PathWatches& paths_;
};

}  // namespace wm
