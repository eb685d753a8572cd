#include "cli/typed_line.h"

#include <algorithm>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "cli/global_options.h"

namespace wm::cli {
namespace {

bool takes_value(const CLI::Option& option) { return option.get_expected_max() != 0; }

const CLI::App* command_below(const CLI::App& level, const std::string& name) {
  const auto all = level.get_subcommands({});
  const auto found =
      std::ranges::find(all, name, [](const CLI::App* one) { return one->get_name(); });
  return found == all.end() ? nullptr : *found;
}

// No shell has expanded what is being typed.
std::string at_home(const std::string& path) {
  const char* const home = std::getenv("HOME");
  return home && path.starts_with("~/") ? home + path.substr(1) : path;
}

}  // namespace

TypedLine::TypedLine(std::span<const std::string> words) {
  add_global_options(global_, options_);
  if (words.empty()) return;
  for (const std::string& word : words.first(words.size() - 1)) take(word);
  current_ = words.back();
  take_current();
  read_global();
}

void TypedLine::take(const std::string& word) {
  if (option_) {
    if (global_.get_option_no_throw("--" + option_->get_single_name()) == option_) {
      global_words_.push_back(word);
    }
    option_ = nullptr;
  } else if (dashes_) {
    arguments_.push_back(word);
  } else if (word == "--") {
    dashes_ = true;
  } else if (word.size() > 1 && word.starts_with('-')) {
    take_option(word);
  } else {
    take_command(word);
  }
}

void TypedLine::take_option(const std::string& word) {
  const std::size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  const CLI::Option* const found = find_option(name);
  if (!found) return;
  if (found == global_.get_option_no_throw(name)) global_words_.push_back(word);
  if (equals == std::string::npos && takes_value(*found)) option_ = found;
}

void TypedLine::take_command(const std::string& word) {
  if (!command_) {
    command_ = find_command(word);
    lost_ |= !command_;
    if (!command_) return;
    run_ = command_->set_up(app_, {});
    level_ = &app_;
  } else if (const CLI::App* below = command_below(*level_, word); below && arguments_.empty()) {
    level_ = below;
  } else {
    arguments_.push_back(word);
  }
}

void TypedLine::take_current() {
  if (!option_ && !dashes_ && current_.starts_with("--")) {
    const std::size_t equals = current_.find('=');
    if (equals != std::string::npos) {
      option_ = find_option(current_.substr(0, equals));
      prefix_ = current_.substr(0, equals + 1);
    }
  }
  if (option_ && option_->get_delimiter() == ',') {
    const std::size_t comma = current_.rfind(',');
    if (comma != std::string::npos) prefix_ = current_.substr(0, comma + 1);
  }
}

const CLI::Option* TypedLine::find_option(const std::string& name) const {
  for (const CLI::App* one = level_; one; one = one->get_parent()) {
    if (const CLI::Option* found = one->get_option_no_throw(name)) return found;
  }
  return global_.get_option_no_throw(name);
}

const CLI::Option* TypedLine::argument() const {
  std::vector<const CLI::Option*> places;
  for (const CLI::Option* one : level().get_options()) {
    if (one->get_positional()) places.push_back(one);
  }
  if (places.empty()) return nullptr;
  if (arguments_.size() < places.size()) return places[arguments_.size()];
  return places.back()->get_expected_max() > 1 ? places.back() : nullptr;
}

// The words are not all there yet, so they may be wrong.
void TypedLine::read_global() {
  try {
    // CLI11 takes the words in reverse order.
    global_.parse(std::vector<std::string>(global_words_.rbegin(), global_words_.rend()));
  } catch (const CLI::ParseError&) {
    return;
  }
  options_.socket = at_home(options_.socket);
}

}  // namespace wm::cli
