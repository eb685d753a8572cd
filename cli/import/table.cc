#include "cli/import/table.h"

#include <algorithm>
#include <utility>

#include "cli/import/lines.h"
#include "core/text.h"

namespace wm::cli {
namespace {

bool is_headline(std::string_view comment) {
  return comment.find("user-name") != std::string_view::npos ||
         comment.find("dom mon dow") != std::string_view::npos ||
         comment.find("DO NOT EDIT") != std::string_view::npos;
}

// A word in quotes, or up to a character of `ends`. Nothing if its quotes do not end.
std::optional<std::string> take_name(std::string_view& text, std::string_view ends) {
  const bool quoted = text.starts_with('"') || text.starts_with('\'');
  const std::size_t end =
      quoted ? text.find(text.front(), 1) : std::min(text.find_first_of(ends), text.size());
  if (end == std::string_view::npos) return std::nullopt;
  std::string name(text.substr(quoted ? 1 : 0, quoted ? end - 1 : end));
  text = trimmed(text.substr(quoted ? end + 1 : end));
  return name;
}

}  // namespace

std::vector<Entry> TableReader::read(std::string_view text) {
  std::vector<Entry> entries;
  int number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    if (take_comment(line)) continue;
    Entry entry;
    entry.where = where_ + ":" + std::to_string(number);
    entry.original = line;
    entry.comments = give_comments();
    if (!is_utf8(line)) {
      entry.refuse("it is not UTF-8");
    } else if (const auto set = read_assignment(line)) {
      variables_[set->name] = set->value;
      continue;
    } else {
      read_job(entry, line);
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

// True if the line is empty or a comment.
bool TableReader::take_comment(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with('#')) {
    const std::string_view text = line.substr(1);
    comments_.emplace_back(text.substr(text.starts_with(' ') ? 1 : 0));
    return true;
  }
  if (line.empty()) comments_.clear();
  return line.empty();
}

// Leaves out the headline of the columns that a fresh table has.
std::vector<std::string> TableReader::give_comments() {
  const auto headline = std::find_if(comments_.rbegin(), comments_.rend(), is_headline);
  comments_.erase(comments_.begin(), headline.base());
  return std::exchange(comments_, {});
}

std::optional<Assignment> read_assignment(std::string_view line) {
  std::string_view rest = trimmed(line);
  auto name = take_name(rest, " \t=");
  if (!name || name->empty() || !rest.starts_with('=')) return std::nullopt;
  rest = trimmed(rest.substr(1));
  std::string_view after = rest;
  const bool quoted = rest.starts_with('"') || rest.starts_with('\'');
  if (quoted) {
    auto value = take_name(after, "");
    if (!value || !after.empty()) return std::nullopt;
    return Assignment{std::move(*name), std::move(*value)};
  }
  return Assignment{std::move(*name), std::string(rest)};
}

bool note_of_table(Entry& entry, const std::string& name, const std::string& value) {
  if (name == "MAILTO") {
    if (!value.empty()) {
      entry.note("MAILTO=" + value + ": wm sends no mail; see [notify] in wmd.toml(5)");
    }
    return true;
  }
  if (name == "RANDOM_DELAY") {
    if (value != "0") entry.note("RANDOM_DELAY=" + value + ": wm adds no random delay");
    return true;
  }
  // The form of mails, and names that cron itself sets.
  return name == "MAILFROM" || name == "CONTENT_TYPE" || name == "CONTENT_TRANSFER_ENCODING" ||
         name == "LOGNAME" || name == "USER";
}

}  // namespace wm::cli
