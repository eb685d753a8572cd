// A command line whose last word is being typed, and what may stand in that word's place.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/command.h"

namespace wm::cli {

class TypedLine {
 public:
  /// `words` follow the name `wm`; the last one is being typed.
  explicit TypedLine(std::span<const std::string> words);
  TypedLine(const TypedLine&) = delete;
  TypedLine& operator=(const TypedLine&) = delete;

  /// The options of all commands, as far as they are typed.
  const GlobalOptions& options() const { return options_; }
  /// nullptr: none is typed.
  const Command* command() const { return command_; }
  /// A word stands where a command should, and is none.
  bool is_lost() const { return lost_; }
  /// The command's own command line is being typed, after `--`.
  bool is_in_command() const { return dashes_ && command_ && command_->takes_command; }
  /// `--` is typed: what follows is no option.
  bool is_after_dashes() const { return dashes_; }
  /// The command at its deepest level, such as wm conditions override; without one, wm itself.
  const CLI::App& level() const { return command_ ? *level_ : global_; }
  const CLI::App& global() const { return global_; }
  /// The option whose value is being typed; nullptr: none.
  const CLI::Option* option() const { return option_; }
  /// The argument that is being typed; nullptr: the level takes no more.
  const CLI::Option* argument() const;
  /// The arguments that are typed.
  const std::vector<std::string>& arguments() const { return arguments_; }
  /// The word that is being typed.
  const std::string& current() const { return current_; }
  /// What precedes the value in that word: `--state=`, `started,`.
  const std::string& prefix() const { return prefix_; }

 private:
  void take(const std::string& word);
  void take_option(const std::string& word);
  void take_command(const std::string& word);
  void take_current();
  const CLI::Option* find_option(const std::string& name) const;
  void read_global();

  GlobalOptions options_;
  CLI::App global_;
  CLI::App app_;
  Command::Run run_;  // Keeps what the options of `app_` write to.
  const Command* command_ = nullptr;
  const CLI::App* level_ = nullptr;
  const CLI::Option* option_ = nullptr;
  std::vector<std::string> arguments_;
  std::vector<std::string> global_words_;
  std::string current_;
  std::string prefix_;
  bool dashes_ = false;
  bool lost_ = false;
};

}  // namespace wm::cli
