// Stores jobs as registrations do.
#pragma once

#include "daemon/store/store.h"

namespace wm {

/// Stores a new job, to which its unique name goes over.
inline WorkId insert_job(Store& store, const WorkInfo& info,
                         const std::vector<WorkId>& prerequisites = {}) {
  const auto holder = store.find(info.work.owner, info.request.unique_name);
  if (holder) store.supersede(*holder);
  return store.insert({info.uuid, info.request, info.work, info.registered_at, info.applied, ""},
                      prerequisites);
}

}  // namespace wm
