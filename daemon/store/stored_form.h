// The database's form for data without columns: JSON in which the fields of a registration, the
// constraints and the enumerators are numbers. Names that clients see may change; the data on disk
// stays. The version of this form is the schema's (store/schema.h).
//
// Unreadable data throws StoreError.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/wait_ledger.h"
#include "core/work.h"

namespace wm {

/// The part of a registration that jobs share.
std::string stored_policy(const Policy& policy);
Policy policy_of(const std::string& text);

/// The rest of the registration.
std::string stored_rest(const WorkRequest& request);
WorkRequest request_of(const std::string& rest, const Policy& policy);

/// Reads each policy once, as long as it is among the recently used ones.
class StoredPolicies {
 public:
  const SharedPolicy& of(const std::string& document);

 private:
  std::unordered_map<std::string, SharedPolicy> known_;
};

std::string stored_text(const RunProgress& progress);
RunProgress progress_of(const std::string& text);

std::string stored_text(const LedgerEntry& entry);
LedgerEntry ledger_entry_of(const std::string& text);

/// Empty for an empty list.
std::string stored_text(const std::vector<Waited>& waited);
std::vector<Waited> waited_of(const std::string& text);
std::string stored_text(const std::vector<std::string>& list);
std::vector<std::string> list_of(const std::string& text);

}  // namespace wm
