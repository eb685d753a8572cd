#include "cli/complete.h"

#include <algorithm>
#include <set>

#include "cli/offers.h"
#include "cli/typed_line.h"
#include "core/text.h"

namespace wm::cli {
namespace {

constexpr std::size_t kMost = 1'000;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void offer_below(const TypedLine& line, Answer& answer) {
  if (!line.arguments().empty()) return;
  for (const CLI::App* one : line.level().get_subcommands({})) {
    answer.add(one->get_name(), one->get_description());
  }
}

void offer_options_of(const CLI::App& app, Answer& answer) {
  for (const CLI::Option* option : app.get_options()) {
    const std::vector<std::string>& names = option->get_lnames();
    for (const std::string& name : names) {
      const bool negates = name != names.front() && name == "no-" + names.front();
      answer.add("--" + name, negates ? "The opposite of --" + names.front()
                                      : first_line(option->get_description()));
    }
  }
}

void offer_options(const TypedLine& line, Answer& answer) {
  offer_options_of(line.level(), answer);
  offer_options_of(line.global(), answer);
  const Command* const command = line.command();
  if (command && command->takes_command) answer.add("--", "The command follows");
}

void offer_argument(const TypedLine& line, Session& session, Answer& answer) {
  const CLI::Option* const argument = line.argument();
  if (!argument) return;
  offer_values(line.command()->name, *argument, session, answer);
  // One of several is not typed twice.
  for (const std::string& typed : line.arguments()) std::erase(answer.offers, typed);
}

Answer answer_to(const TypedLine& line, Session& session) {
  Answer answer;
  if (line.is_lost()) return answer;
  if (line.is_in_command()) {
    answer.directive = ":command";
  } else if (line.option()) {
    offer_values(line.command() ? line.command()->name : "", *line.option(), session, answer);
  } else if (line.current().starts_with('-') && !line.is_after_dashes()) {
    offer_options(line, answer);
  } else if (!line.command()) {
    offer_commands(answer);
  } else {
    offer_below(line, answer);
    offer_argument(line, session, answer);
    if (answer.is_empty() && !line.is_after_dashes()) offer_options(line, answer);
  }
  return answer;
}

}  // namespace

int complete(const std::vector<std::string>& words, std::ostream& out) {
  if (!std::ranges::all_of(words, is_utf8)) return kDone;
  const TypedLine line(words);
  std::ostream nowhere(nullptr);
  GlobalOptions options = line.options();
  options.starts_daemon = false;
  Session session(std::move(options), {nowhere, nowhere});
  const Answer answer = answer_to(line, session);
  if (answer.offers.empty() && !answer.directive.empty()) out << answer.directive << '\n';
  std::set<std::string_view> told;
  for (const Offer& offer : answer.offers) {
    if (told.size() == kMost) break;
    if (has_control(offer.text) || !told.insert(offer.text).second) continue;
    out << line.prefix() << offer.text << '\t' << printable(offer.says) << '\n';
  }
  out.flush();
  return kDone;
}

}  // namespace wm::cli
