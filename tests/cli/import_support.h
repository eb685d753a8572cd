// What the tests of imports have in common: a caller, and reading an import back.
#pragma once

#include <sstream>

#include <gtest/gtest.h>

#include "cli/import/entry.h"
#include "cli/work_file.h"
#include "core/limits.h"

namespace wm::cli {

/// Root, on a machine with the users ann and munin.
inline Caller test_caller(uid_t uid = 0) {
  return {.uid = uid,
          .home = uid == 0 ? "/root" : "/home/ann",
          .name = [uid] { return uid == 0 ? "root" : "ann"; },
          .find_user = [](const std::string& name) -> Result<uid_t> {
            if (name == "root") return 0;
            if (name == "ann") return 1000;
            if (name == "munin") return 1001;
            return invalid("there is no user '" + name + "'");
          },
          .check_program = [](const std::string& program) -> Result<> {
            if (program.find("missing") == std::string::npos) return {};
            return invalid("there is no program " + program);
          }};
}

/// The file for wm apply.
inline std::string written(std::vector<Entry> entries) {
  Import import{.head = {}, .entries = std::move(entries)};
  settle(import, test_caller());
  std::ostringstream out;
  write_import(out, import);
  return out.str();
}

/// The jobs as wm apply reads them. Whatever an import reads, its output is accepted.
inline std::vector<WorkRequest> jobs_of(const std::vector<Entry>& entries) {
  const std::string text = written(entries);
  const auto declared = parse_works(text, "import");
  EXPECT_TRUE(declared) << declared.error().message << '\n' << text;
  std::vector<WorkRequest> jobs;
  if (!declared) return jobs;
  for (const DeclaredWork& one : *declared) {
    const auto valid = validate(one.request, Limits{});
    EXPECT_TRUE(valid) << valid.error().message << '\n' << text;
    jobs.push_back(one.request);
  }
  return jobs;
}

using Arguments = std::vector<std::string>;

}  // namespace wm::cli
