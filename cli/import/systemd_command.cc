#include "cli/import/systemd_command.h"

#include <algorithm>
#include <utility>

#include "cli/import/lines.h"
#include "cli/shell_words.h"
#include "core/text.h"

namespace wm::cli {
namespace {

constexpr std::string_view kBetweenWords = " \t\n";

void add_utf8(std::string& text, char32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += {static_cast<char>(0xc0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3f))};
  } else if (c < 0x10000) {
    text += {static_cast<char>(0xe0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 0x3f)),
             static_cast<char>(0x80 | (c & 0x3f))};
  } else {
    text +=
        {static_cast<char>(0xf0 | ((c >> 18) & 7)), static_cast<char>(0x80 | ((c >> 12) & 0x3f)),
         static_cast<char>(0x80 | ((c >> 6) & 0x3f)), static_cast<char>(0x80 | (c & 0x3f))};
  }
}

// Takes what follows a backslash. False: there is no such escape.
bool take_escape(std::string_view& text, std::string& word) {
  constexpr std::string_view kLetters = "abfnrtvs\\\"'";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v \\\"'";
  const char letter = text.front();
  if (const auto known = kLetters.find(letter); known != std::string_view::npos) {
    word += kMeanings[known];
    text.remove_prefix(1);
    return true;
  }
  const bool octal = letter >= '0' && letter <= '7';
  const std::size_t digits = octal           ? 3
                             : letter == 'x' ? 2
                             : letter == 'u' ? 4
                             : letter == 'U' ? 8
                                             : 0;
  const std::string_view number = text.substr(octal ? 0 : 1, digits);
  const auto value = parse_number<std::uint32_t>(number, octal ? 8 : 16);
  if (digits == 0 || number.size() != digits || !value || *value == 0) return false;
  if ((octal || letter == 'x') && *value > 0xff) return false;
  if (octal || letter == 'x') {
    word += static_cast<char>(*value);
  } else {
    add_utf8(word, *value);
  }
  text.remove_prefix(digits + (octal ? 0 : 1));
  return true;
}

// A word with the quotes gone. `bare`: nothing was quoted or escaped.
struct Word {
  std::string text;
  bool bare = true;
};

Result<std::vector<Word>> split_words(std::string_view text) {
  std::vector<Word> words;
  std::optional<Word> word;
  char quote = 0;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (quote == 0 && kBetweenWords.contains(c)) {
      if (word) words.push_back(std::move(*word));
      word.reset();
      continue;
    }
    if (!word) word.emplace();
    if (c == '\\' && text.starts_with(';') && quote == 0 && word->text.empty()) {
      word->text += ';';
      word->bare = false;
      text.remove_prefix(1);
    } else if (c == '\\' && !text.empty()) {
      word->bare = false;
      if (!take_escape(text, word->text)) {
        return invalid("it has the unknown escape \\" + printable(text.substr(0, 1)));
      }
    } else if (quote != 0 ? c == quote : c == '"' || c == '\'') {
      quote = quote != 0 ? '\0' : c;
      word->bare = false;
    } else {
      word->text += c;
    }
  }
  if (quote != 0) return invalid("a quote does not end");
  if (word) words.push_back(std::move(*word));
  return words;
}

bool is_variable_name(std::string_view name) {
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && (name.front() < '0' || name.front() > '9') &&
         std::ranges::all_of(name, fine);
}

struct Line {
  std::vector<std::string> words;  // Quoted for a shell if `shell`.
  bool shell = false;              // It has variables.
  bool splits = false;             // One of them becomes several words.
  bool may_fail = false;
};

// Reads the lines one by one, and puts them together.
class CommandReader {
 public:
  explicit CommandReader(const Specifiers& specifiers) : specifiers_(specifiers) {}

  Result<> read(std::string_view text) {
    auto words = split_words(text);
    if (!words) return std::unexpected(words.error());
    std::vector<Word> line;
    for (Word& word : *words) {
      if (word.bare && word.text == ";") {
        if (auto read = read_line(std::exchange(line, {})); !read) return read;
      } else {
        line.push_back(std::move(word));
      }
    }
    return read_line(std::move(line));
  }

  ServiceCommand take() {
    const bool plain = lines_.size() == 1 && !lines_.front().shell && !lines_.front().may_fail;
    if (plain) {
      read_.command = std::move(lines_.front().words);
    } else {
      read_.command = {"/bin/sh", "-c", shell_text()};
    }
    return std::move(read_);
  }
  bool empty() const { return lines_.empty(); }

 private:
  Result<> read_line(std::vector<Word> words) {
    if (words.empty()) return {};
    Line line;
    bool expands = true;
    bool named = false;
    std::string& program = words.front().text;
    const std::size_t length = std::min(program.find_first_not_of("-@:+!|"), program.size());
    for (const char prefix : program.substr(0, length)) {
      if (prefix == '|') return invalid("its prefix | runs a login shell, which wm does not");
      line.may_fail |= prefix == '-';
      named |= prefix == '@';
      expands &= prefix != ':';
      read_.privileged |= prefix == '+' || prefix == '!';
    }
    program.erase(0, length);
    if (named && words.size() > 1) {
      if (words[1].text != program) {
        read_.notes.push_back("the program is called " + words[1].text +
                              " (@): wm calls it by its path");
      }
      words.erase(words.begin() + 1);
    }
    if (program.empty()) return invalid("a command line has no program");
    for (const Word& word : words) {
      const auto text = expand(word.text, specifiers_);
      if (!text) return std::unexpected(text.error());
      add_word(line, *text, expands && &word != &words.front());
    }
    lines_.push_back(std::move(line));
    return {};
  }

  // A line that has variables is for a shell; what comes before the first of them is quoted then.
  void add_word(Line& line, const std::string& word, bool expands) {
    std::string literal;
    std::string shell;
    bool variable = false;
    const bool whole = expands && word.starts_with('$') && is_variable_name(word.substr(1));
    if (whole) {
      read_.variables.push_back(word.substr(1));
      shell = word;
      variable = line.splits = true;
    }
    const auto end_literal = [&] {
      if (!literal.empty()) shell += shell_word(std::exchange(literal, {}));
    };
    for (std::size_t i = 0; !whole && i < word.size(); ++i) {
      const std::size_t close =
          word.compare(i, 2, "${") == 0 ? word.find('}', i) : std::string::npos;
      if (expands && word.compare(i, 2, "$$") == 0) {
        literal += word[i++];
      } else if (expands && close != std::string::npos &&
                 is_variable_name(word.substr(i + 2, close - i - 2))) {
        end_literal();
        read_.variables.push_back(word.substr(i + 2, close - i - 2));
        shell += '"' + word.substr(i, close - i + 1) + '"';
        variable = true;
        i = close;
      } else {
        literal += word[i];
      }
    }
    if (!variable) {
      line.words.push_back(line.shell ? shell_word(literal) : literal);
      return;
    }
    end_literal();
    if (!std::exchange(line.shell, true)) {
      for (std::string& before : line.words) before = shell_word(before);
    }
    line.words.push_back(shell);
  }

  std::string shell_text() const {
    // systemd splits the value of a variable at blanks, and looks for no files.
    const bool splits = std::ranges::any_of(lines_, &Line::splits);
    std::string text = splits ? "set -f; " : "";
    for (const Line& line : lines_) {
      std::string command;
      for (const std::string& word : line.words) {
        command += (command.empty() ? "" : " ") + (line.shell ? word : shell_word(word));
      }
      if (line.may_fail) command += " || true";
      if (line.may_fail && lines_.size() > 1) command = "{ " + command + "; }";
      if (lines_.size() == 1 && !line.may_fail) command = "exec " + command;
      text += (&line == &lines_.front() ? "" : " && ") + command;
    }
    return text;
  }

  const Specifiers& specifiers_;
  std::vector<Line> lines_;
  ServiceCommand read_;
};

}  // namespace

Result<std::string> expand(std::string_view text, const Specifiers& specifiers) {
  std::string expanded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%' || i + 1 == text.size()) {
      expanded += text[i];
    } else if (const auto value = text[++i] == '%' ? "%" : specifiers(text[i])) {
      expanded += *value;
    } else {
      return invalid("wm does not know what %" + printable(text.substr(i, 1)) + " is");
    }
  }
  return expanded;
}

Result<std::vector<std::string>> systemd_words(std::string_view text) {
  auto words = split_words(text);
  if (!words) return std::unexpected(words.error());
  std::vector<std::string> texts;
  for (Word& word : *words) texts.push_back(std::move(word.text));
  return texts;
}

Result<ServiceCommand> service_command(const std::vector<std::string>& lines,
                                       const Specifiers& specifiers) {
  CommandReader reader(specifiers);
  for (const std::string& line : lines) {
    if (auto read = reader.read(line); !read) return std::unexpected(read.error());
  }
  if (reader.empty()) return invalid("there is no ExecStart=");
  return reader.take();
}

}  // namespace wm::cli
