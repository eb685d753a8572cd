// The options of a registration on one command: the rows of core/request_fields that it offers.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/command.h"
#include "core/request_fields.h"

namespace wm::cli {

class RequestOptions {
 public:
  /// Adds the options of `offers` that the command line wants to `app`, in their groups.
  RequestOptions(CLI::App& app, Offers offers, const CommandLine& line);
  RequestOptions(const RequestOptions&) = delete;
  RequestOptions& operator=(const RequestOptions&) = delete;

  /// The job is for other machines: a program is looked up there, and no directory is ours.
  void for_other_machines() { elsewhere_ = true; }

  /// NAME, which may be left out.
  void add_name(CLI::App& app);
  /// NAME and TASK.
  void add_names(CLI::App& app, const char* task_help);

  /// Reads what was typed into a new request. Errors name the option.
  Result<WorkRequest> read(WorkKind kind) const;

  /// Changes to an existing job, in the form of the method Update: an option that was set to its
  /// default, or to the word `default`, is null. `request` gets the values that they set.
  Result<boost::json::object> read_changes(WorkRequest& request) const;

  const std::string& name() const { return name_; }
  /// True if the option of that key was typed.
  bool is_given(std::string_view key) const;

 private:
  // One row, with the texts typed for it. For a flag, the text is true, false or what follows =.
  struct Typed {
    const Field* field = nullptr;
    CLI::Option* option = nullptr;
    std::string text;
    std::vector<std::string> list;

    bool is_given() const;
    std::vector<std::string> texts() const;
    bool is_default() const;
  };

  void add(CLI::App& app, const Field& field, std::string names);
  Result<> read_typed(WorkRequest& request, bool update) const;
  Result<> read_command(WorkRequest& request) const;

  std::string name_;
  std::string task_;
  std::vector<std::string> command_;
  std::deque<Typed> typed_;
  std::string kept_variables_;  // --keep-env
  bool elsewhere_ = false;
};

}  // namespace wm::cli
