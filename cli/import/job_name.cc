#include "cli/import/job_name.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "core/text.h"

namespace wm::cli {
namespace {

using WordList = std::vector<std::string>;

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Splits a line of shell into simple commands of words without their quotes. It need only find
// names: what a shell would substitute is left out.
class ShellSplitter {
 public:
  explicit ShellSplitter(std::string_view line) : rest_(line) {}

  std::vector<WordList> split() {
    while (!rest_.empty()) step();
    end_command();
    return std::move(commands_);
  }

 private:
  void step() {
    const char c = take();
    const bool descriptor = word_.ends_with('>') || rest_.starts_with('>');  // 2>&1, &>FILE.
    if (c == '\'' || c == '"') {
      quoted(c);
    } else if (c == '`' || (c == '$' && rest_.starts_with('('))) {
      skip_substitution(c);
    } else if (c == '\\' && !rest_.empty()) {
      add(take());
    } else if (c == ' ' || c == '\t') {
      end_word();
    } else if (std::string_view(";&|()\n").contains(c) && !(c == '&' && descriptor)) {
      end_command();
    } else {
      add(c);
    }
  }

  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  void add(char c) {
    word_ += c;
    in_word_ = true;
  }

  void quoted(char quote) {
    in_word_ = true;
    while (!rest_.empty() && rest_.front() != quote) {
      if (quote == '"' && rest_.front() == '\\' && rest_.size() > 1) take();
      add(take());
    }
    if (!rest_.empty()) take();
  }

  void skip_past(char quote) {
    const std::size_t end = rest_.find(quote);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  }
  void skip_substitution(char opening) {
    in_word_ = true;
    int depth = opening == '`' ? 1 : 0;
    while (!rest_.empty()) {
      const char c = take();
      if (c == '\'') skip_past('\'');
      if (opening == '`' ? c == '`' : c == ')') --depth;
      if (opening != '`' && c == '(') ++depth;
      if (depth == 0) return;
    }
  }

  void end_word() {
    if (in_word_) words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }
  void end_command() {
    end_word();
    if (!words_.empty()) commands_.push_back(std::move(words_));
    words_.clear();
  }

  std::string_view rest_;
  std::string word_;
  bool in_word_ = false;
  WordList words_;
  std::vector<WordList> commands_;
};

std::string base_name(std::string_view path) {
  return std::string(path.substr(path.find_last_of('/') + 1));
}

bool is_assignment(std::string_view word) {
  const std::size_t equals = word.find('=');
  return equals != std::string_view::npos && equals > 0 &&
         std::ranges::all_of(word.substr(0, equals),
                             [](char c) { return is_letter_or_digit(c) || c == '_'; });
}

// WordList that stand before a command: those of the shell, and programs that run another one, with
// the number of their arguments before it.
struct Before {
  std::string_view word;
  int arguments = 0;
};
constexpr std::array kBefore{
    Before{"if"},         Before{"then"},     Before{"else"},    Before{"elif"},
    Before{"while"},      Before{"until"},    Before{"do"},      Before{"!"},
    Before{"{"},          Before{"time"},     Before{"exec"},    Before{"command"},
    Before{"nohup"},      Before{"setsid"},   Before{"env"},     Before{"nice"},
    Before{"ionice"},     Before{"chronic"},  Before{"cronic"},  Before{"sudo"},
    Before{"timeout", 1}, Before{"flock", 1}, Before{"chrt", 1}, Before{"systemd-cat"},
};

// Drops what stands before the program.
WordList without_prefixes(WordList words) {
  while (!words.empty()) {
    const std::string first = base_name(words.front());
    const auto* const before = std::ranges::find(kBefore, first, &Before::word);
    if (before == kBefore.end() && !is_assignment(words.front())) return words;
    words.erase(words.begin());
    if (before == kBefore.end()) continue;
    int arguments = before->arguments;
    while (!words.empty()) {
      const std::string& word = words.front();
      const bool takes_value = word == "-u" || word == "-g";
      const bool skipped = word.starts_with('-') || parse_number<int>(word) || arguments-- > 0;
      if (!skipped) break;
      words.erase(words.begin());
      if (takes_value && !words.empty()) words.erase(words.begin());
    }
  }
  return words;
}

// These say little about a job.
constexpr std::array<std::string_view, 26> kQuiet{
    "test",  "[",    "[[",     "cd",     ":",   "true",  "false", "echo",   "printf",
    "sleep", ".",    "source", "export", "set", "umask", "exit",  "return", "read",
    "fi",    "done", "esac",   "}",      "for", "case",  "unset", "eval"};
// These run what their arguments name.
constexpr std::array<std::string_view, 6> kShells{"sh", "bash", "dash", "ksh", "zsh", "fish"};
constexpr std::array<std::string_view, 10> kLaunchers{
    "python", "python2", "python3", "perl", "ruby", "php", "node", "java", "lua", "run-parts"};

std::string quiet_name(std::string_view line, int depth);

// A script's name is the job's; code between quotes says little, unless it is a shell's.
std::string launched_name(const WordList& words, bool shell, int depth) {
  for (const std::string& word : words) {
    if (&word == &words.front() || word.starts_with('-') || word.empty()) continue;
    if (word.find_first_of(" ;(") == std::string::npos) return base_name(word);
    return shell && depth > 0 ? quiet_name(word, depth - 1) : "";
  }
  return base_name(words.front());
}

// Empty: no command of the line says enough.
std::string quiet_name(std::string_view line, int depth) {
  for (const WordList& all : ShellSplitter(line).split()) {
    // It only asks whether there is such a program.
    if (all.size() > 1 && all[0] == "command" && all[1] == "-v") continue;
    const WordList words = without_prefixes(all);
    if (words.empty()) continue;
    const std::string program = base_name(words.front());
    if (is_one_of(kQuiet, program)) continue;
    const bool shell = is_one_of(kShells, program);
    const std::string name =
        shell || is_one_of(kLaunchers, program) ? launched_name(words, shell, depth) : program;
    if (!name.empty()) return name;
  }
  return "";
}

// The first program, however little that says.
std::string first_name(std::string_view line, int depth) {
  const auto commands = ShellSplitter(line).split();
  if (commands.empty()) return "";
  const WordList& words = commands.front();
  std::string program = base_name(words.front());
  const bool has_line = words.size() > 2 && words[1].starts_with('-') && words[1].ends_with('c');
  if (depth == 0 || !has_line || !is_one_of(kShells, program)) return program;
  std::string inner = first_name(words[2], depth - 1);
  return inner.empty() ? program : inner;
}

}  // namespace

std::string name_of_command(std::string_view shell_line) {
  constexpr int kMostShells = 3;
  std::string name = quiet_name(shell_line, kMostShells);
  if (name.empty()) name = first_name(shell_line, kMostShells);
  for (const std::string_view ending : {".sh", ".py", ".pl", ".rb", ".php", ".bash"}) {
    if (name.size() > ending.size() && name.ends_with(ending)) {
      name.resize(name.size() - ending.size());
      break;
    }
  }
  return name;
}

std::string valid_job_name(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  std::string name;
  for (const char c : text) {
    const bool fine = is_letter_or_digit(c) || std::string_view("._@").contains(c);
    if (fine) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
    if (name.size() == kLongest) break;
  }
  while (name.ends_with('-')) name.pop_back();
  return name.empty() ? "job" : name;
}

}  // namespace wm::cli
