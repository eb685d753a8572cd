// The registration options: what the command line says becomes a request.
#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/command.h"
#include "core/work.h"

namespace wm::cli {

/// The options as they were typed. make_request() reads them.
struct WorkOptions {
  std::string name;
  std::string task;
  std::vector<std::string> command;
  std::vector<std::string> input;
  std::string input_json;
  std::string network;
  bool charging = false;
  bool battery_not_low = false;
  bool storage_not_low = false;
  std::string initial_delay;
  std::string every;
  std::string flex;
  std::string backoff;
  std::string backoff_delay;
  int max_attempts = 0;
  bool retry_on_crash = false;
  std::string fail_on;
  std::string retry_on;
  std::string success_on;
  std::string existing;
  std::vector<std::string> tags;
  std::vector<std::string> env;
  std::string cwd;
  std::string stop_grace;
  std::string description;
};

/// Those that every kind of work takes.
void add_work_options(CLI::App& app, WorkOptions& options);

/// Looks up the command in PATH, reads input files, and says which value is wrong.
Result<WorkRequest> make_request(const WorkOptions& options, WorkKind kind);

/// Sends the request and shows the answer.
int register_work(Session& session, const WorkOptions& options, WorkKind kind);

}  // namespace wm::cli
