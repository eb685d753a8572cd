#include "cli/mistakes.h"

#include <algorithm>

#include "cli/command.h"
#include "cli/other_words.h"
#include "cli/shell_words.h"
#include "cli/streams.h"
#include "core/suggest.h"
#include "core/text.h"
#include "core/time.h"
#include "core/work.h"

namespace wm::cli {
namespace {

// The named command at its deepest level, such as wm conditions override.
const CLI::App& deepest(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : deepest(*parsed.front());
}

// Lists the options of the command, and those of all commands.
bool has_option(const CLI::App& command, const std::string& name) {
  for (const CLI::App* one = &command; one; one = one->get_parent()) {
    if (one->get_option_no_throw(name)) return true;
  }
  return false;
}

// Their names, without dashes, which are no letters that anybody could have missed.
std::vector<std::string> options_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* one = &command; one; one = one->get_parent()) {
    for (const CLI::Option* option : one->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back(name);
    }
  }
  return names;
}

std::vector<std::string> commands_below(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(below->get_name());
  }
  return names;
}

std::string did_you_mean_option(const std::string& own) { return ": did you mean " + own + "?"; }

// The command does not know the option: says which one may be meant.
std::string instead_of_option(const CLI::App& app, const std::string& word,
                              const Elsewhere& elsewhere) {
  const CLI::App& command = deepest(app);
  const auto knows = [&](const std::string& option) { return has_option(command, option); };
  if (const std::string own = option_of_other_word(word, knows); !own.empty()) {
    return did_you_mean_option(own);
  }
  if (!word.starts_with("--")) return "";  // A single letter is no misspelling of another one.
  const std::vector<std::string> names = options_of(command);
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view meant = closest(std::string_view(word).substr(2), known);
  if (!meant.empty()) return did_you_mean_option("--" + std::string(meant));
  const std::string other = elsewhere(word);
  return other.empty() ? "" : ": it is one of " + app.get_name() + " " + other;
}

// The command has no place for the word, as in `wm pause 1h`: says what may be meant.
std::string instead_of_word(const CLI::App& app, const std::string& word) {
  const CLI::App& command = deepest(app);
  const bool takes_words =
      !command.get_options([](const CLI::Option* one) { return one->get_positional(); }).empty();
  const std::vector<std::string> below = commands_below(command);
  if (!below.empty()) return did_you_mean_of(word, below);
  if (has_option(command, "--" + word)) return did_you_mean_option("--" + word);
  if (has_option(command, "--for") && parse_duration(word)) {
    return did_you_mean_option("--for " + word);
  }
  if (takes_words) return "";
  if (has_option(command, "--group")) {
    return ": write --group " + shell_word(word) + ", if it is a group";
  }
  if (has_option(command, "--state") && parse_word<WorkState>(word)) {
    return did_you_mean_option("--state " + word);
  }
  if (command.get_name() != "list") return "";
  return ": " + app.get_name() + " why " + shell_word(word) + " is about a job";
}

// Names the unexpected word: an option first, because the word after it may be its value.
std::string unexpected_word(const CLI::App& app, const std::vector<std::string>& typed,
                            const Elsewhere& elsewhere) {
  const std::vector<std::string> left = app.remaining(true);
  const auto is_left = [&](const std::string& word) { return std::ranges::count(left, word) > 0; };
  auto found = std::ranges::find_if(
      typed, [&](const std::string& word) { return word.starts_with('-') && is_left(word); });
  if (found == typed.end()) found = std::ranges::find_if(typed, is_left);
  if (found == typed.end()) return "";
  if (!found->starts_with('-')) {
    return "unexpected argument '" + *found + "'" + instead_of_word(app, *found);
  }
  const std::string option = found->substr(0, found->find('='));
  return "unknown option '" + option + "'" + instead_of_option(app, option, elsewhere);
}

// `--charging true`: only a flag can precede a yes or a no that is not a value.
std::string flag_with_value(const CLI::App& app, const std::vector<std::string>& typed) {
  for (std::size_t i = 0; i + 1 < typed.size(); ++i) {
    const auto value = parse_yes_no(typed[i + 1]);
    const CLI::Option* flag = nullptr;
    for (const CLI::App* one = &app; one && !flag; one = one->get_parent()) {
      flag = one->get_option_no_throw(typed[i]);
    }
    if (!value || !typed[i].starts_with("--") || !flag || flag->get_expected_max() != 0) continue;
    const std::string negation = "--no-" + typed[i].substr(2);
    const std::string right = *value                              ? "write it alone"
                              : app.get_option_no_throw(negation) ? "write " + negation
                                                                  : "leave it out";
    return typed[i] + " takes no value: " + right + ", without '" + typed[i + 1] + "'";
  }
  return "";
}

const CLI::Option* find_option(const CLI::App& command, const std::string& name) {
  for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    if (const CLI::Option* found = below->get_option_no_throw(name)) return found;
  }
  for (const CLI::App* one = &command; one; one = one->get_parent()) {
    if (const CLI::Option* found = one->get_option_no_throw(name)) return found;
  }
  return nullptr;
}

std::string is_empty(const std::string& option) { return option + " is empty: give it a value"; }

// `--group=`: the parser would take the next word, or set a flag.
std::string nothing_after_equals(const CLI::App& app, const std::vector<std::string>& typed) {
  for (const std::string& word : typed) {
    if (!word.starts_with("--") || word.find('=') + 1 != word.size()) continue;
    const std::string option = word.substr(0, word.size() - 1);
    if (find_option(app, option)) return is_empty(option);
  }
  return "";
}

bool is_time_of_day(std::string_view word) {
  const std::size_t colon = word.find(':');
  return (colon == 1 || colon == 2) &&
         word.find_first_not_of("0123456789:") == std::string_view::npos;
}

// `--every 2 hours`, `--at tomorrow 09:00`: the shell makes two words of one value.
std::string unquoted_value(const CLI::App& app, const std::vector<std::string>& typed) {
  for (std::size_t i = 0; i + 2 < typed.size(); ++i) {
    const CLI::Option* option =
        typed[i].starts_with("--") ? app.get_option_no_throw(typed[i]) : nullptr;
    if (!option || (option->get_type_name() != "D" && option->get_type_name() != "TIME")) continue;
    std::string value = typed[i + 1] + " " + typed[i + 2];
    const bool length = !parse_duration(typed[i + 1]) && parse_duration(value);
    const bool time = option->get_type_name() == "TIME" && is_time_of_day(typed[i + 2]);
    if (!length && !time) continue;
    if (i + 3 < typed.size() && typed[i + 3] == "ago") value += " ago";
    return typed[i] + " takes one word: write " + typed[i] + " \"" + value + "\"";
  }
  return "";
}

}  // namespace

const std::string* first_word(const std::vector<std::string>& words,
                              std::span<const std::string_view> with_value) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (std::ranges::count(with_value, words[i]) > 0) {
      ++i;
    } else if (!words[i].starts_with('-')) {
      return &words[i];
    }
  }
  return nullptr;
}

std::string meant_command(const std::string& word) {
  const std::string_view own = command_of_other_word(word);
  if (!own.empty()) return ": did you mean " + std::string(own) + "?";
  std::vector<std::string_view> names;
  for (const Command& one : all_commands()) names.emplace_back(one.name);
  return did_you_mean(word, names);
}

std::string unknown_command(const std::string& word) {
  if (word.empty()) return "name a command: the first word is empty";
  if (const std::string meant = meant_command(word); !meant.empty()) {
    return "unknown command '" + word + "'" + meant;
  }
  return "unknown command '" + word + "': wm why " + shell_word(word) + " is about a job";
}

std::string misplaced_value(const CLI::App* command, const std::vector<std::string>& typed) {
  if (!command) return "";
  for (const auto& look : {nothing_after_equals, flag_with_value, unquoted_value}) {
    if (std::string what = look(*command, typed); !what.empty()) return what;
  }
  return "";
}

std::string empty_value(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const bool resets = app.get_name() == "update" && !option->get_positional();
    if (!resets && std::ranges::count(option->results(), "") > 0) {
      return is_empty(option->get_name());
    }
  }
  for (const CLI::App* below : app.get_subcommands()) {
    if (std::string what = empty_value(*below); !what.empty()) return what;
  }
  return "";
}

std::string usage_problem(const CLI::ParseError& error, const CLI::App& app,
                          const std::vector<std::string>& typed, const Elsewhere& elsewhere) {
  const auto kind = static_cast<CLI::ExitCodes>(error.get_exit_code());
  // The unknown word may stand for the missing one, so it is named first.
  if (kind == CLI::ExitCodes::ExtrasError || kind == CLI::ExitCodes::RequiredError) {
    if (std::string word = unexpected_word(app, typed, elsewhere); !word.empty()) return word;
  }
  std::string what = error.what();
  if (kind == CLI::ExitCodes::RequiredError && app.get_subcommands().empty()) {
    return "name a command";
  }
  if (kind == CLI::ExitCodes::RequiredError && what.find("ubcommand") != std::string::npos) {
    return "name one of its commands: " + join(commands_below(deepest(app)));
  }
  const std::string option = what.substr(0, what.find(':'));
  if (kind == CLI::ExitCodes::ArgumentMismatch) {
    if (what.ends_with("missing")) return option + " needs a value";
    if (what.find("At Most 1") != std::string::npos) return option + " is given more than once";
  }
  std::ranges::replace(what, '\n', ' ');
  return what;
}

int complain_of_usage(const std::string& what, const std::string& program,
                      const std::string& command, std::ostream& err) {
  err << program << ": " << printable(what);
  if (!what.ends_with('?') && what.find(" is a job: ") == std::string::npos) {
    err << ": see " << program << ' ' << command << (command.empty() ? "" : " ") << "--help";
  }
  err << '\n';
  return kUsage;
}

}  // namespace wm::cli
