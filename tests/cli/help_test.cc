// Checks what `--help` prints on a terminal of 80 columns.
#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "cli/command.h"
#include "cli/render/terminal_text.h"

namespace wm::cli {
namespace {

std::string printed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "wm");
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(run(static_cast<int>(arguments.size()), arguments.data(), {out, err}), 0);
  EXPECT_EQ(err.str(), "");
  return out.str();
}

std::string help(std::vector<const char*> arguments) {
  arguments.push_back("--help");
  return printed(std::move(arguments));
}

TEST(Help, IsShortFirst) {
  const std::string text = help({});
  EXPECT_LE(std::ranges::count(text, '\n'), 24);
  for (const Command& command : all_commands()) {
    EXPECT_TRUE(text.find(std::string(" ") + command.name) != std::string::npos) << command.name;
    EXPECT_EQ(std::ranges::count(kCommandGroups, command.group), 1) << command.name;
  }
  EXPECT_EQ(printed({}), text);
}

TEST(Help, HasNoValuesOfFlags) {
  EXPECT_NE(help({"once"}).find("--charging,--no-charging "), std::string::npos);
  EXPECT_EQ(help({"once"}).find('{'), std::string::npos);
}

TEST(Help, HasOneBlankLineBetweenGroups) {
  EXPECT_EQ(help({"once"}).find("\n\n\n"), std::string::npos);
}

TEST(Help, FitsEightyColumnsAndGivesAnExample) {
  std::vector<std::vector<const char*>> commands{{},
                                                 {"conditions", "override"},
                                                 {"conditions", "clear"},
                                                 {"import", "crontab"},
                                                 {"import", "systemd-timers"},
                                                 {"import", "at"},
                                                 {"import", "anacron"}};
  for (const Command& command : all_commands()) commands.push_back({command.name});
  for (const auto& command : commands) {
    const std::string text = help(command);
    EXPECT_NE(text.find("Example: wm "), std::string::npos) << text;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 80U) << line;
  }
}

TEST(Help, NamesEveryCommand) {
  const std::string text = printed({"help"});
  for (const Command& command : all_commands()) {
    EXPECT_NE(text.find(command.summary), std::string::npos) << command.name;
  }
}

// Returns wm's complaint about a wrong command line.
std::string complaint(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "wm");
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(run(static_cast<int>(arguments.size()), arguments.data(), {out, err}), 2);
  EXPECT_EQ(out.str(), "");
  std::string text = err.str();
  EXPECT_TRUE(text.starts_with("wm: ") && text.ends_with('\n')) << text;
  return text.substr(4, text.size() - 5);
}

TEST(Run, AWrongWordIsNamedWithTheOneThatMayBeMeant) {
  EXPECT_EQ(complaint({"list", "--frob"}), "unknown option '--frob': see wm list --help");
  EXPECT_EQ(complaint({"list", "--stat", "running"}),
            "unknown option '--stat': did you mean --state?");
  EXPECT_EQ(complaint({"list", "--stat=running"}),
            "unknown option '--stat': did you mean --state?");
  EXPECT_EQ(complaint({"--jsn", "list"}), "unknown option '--jsn': did you mean --json?");
  EXPECT_EQ(complaint({"register-oneoff", "a", "--netwrk", "metered", "sync", "--", "true"}),
            "unknown option '--netwrk': did you mean --network?");
  EXPECT_EQ(complaint({"logs", "a", "-x", "5"}), "unknown option '-x': see wm logs --help");
  EXPECT_EQ(complaint({"show", "a", "b"}), "unexpected argument 'b': see wm show --help");
  EXPECT_EQ(complaint({"conditions", "overide", "idle=no"}),
            "unexpected argument 'overide': did you mean override?");
  EXPECT_EQ(complaint({"lst"}), "unknown command 'lst': did you mean list?");
  EXPECT_EQ(complaint({"frobnicate"}),
            "unknown command 'frobnicate': wm why frobnicate is about a job: see wm --help");
}

TEST(Run, WhatCannotBeMeantIsNotProposed) {
  EXPECT_EQ(complaint({"list", "failed"}),
            "unexpected argument 'failed': did you mean --state failed?");
  EXPECT_EQ(complaint({"prune", "extra"}), "unexpected argument 'extra': see wm prune --help");
  EXPECT_EQ(complaint({"doctor", "extra"}), "unexpected argument 'extra': see wm doctor --help");
  EXPECT_EQ(complaint({"conditions", "clear", "foo"}),
            "unexpected argument 'foo': see wm conditions --help");
  EXPECT_EQ(complaint({"daemon", "reexec", "x"}), "unexpected argument 'x': see wm daemon --help");
  EXPECT_EQ(complaint({"help", "nosuch"}), "unknown command 'nosuch': see wm help");
  EXPECT_EQ(complaint({"stop", "a"}), "unknown command 'stop': did you mean cancel or pause?");
  EXPECT_EQ(complaint({"disable", "a"}), "unknown command 'disable': did you mean pause?");
  EXPECT_EQ(complaint({"enable", "a"}), "unknown command 'enable': did you mean resume?");
}

TEST(Run, APeriodThatIsNoneSaysWhy) {
  const auto about = [](const char* period, const char* what) {
    const std::string told = complaint({"every", period, "b2", "--", "true"});
    EXPECT_NE(told.find(what), std::string::npos) << told;
    EXPECT_EQ(told.find("b2"), std::string::npos) << told;
  };
  about("every day at 02:00", "the word every is too much");
  about("1000w", "longer than 10 years");
  about("-1h", "bad duration '-1h'");
  about("0s", "it has no length");
}

TEST(Run, AWordOfAnotherProgramIsTranslated) {
  EXPECT_EQ(complaint({"rm", "a"}), "unknown command 'rm': did you mean cancel?");
  EXPECT_EQ(complaint({"top"}), "unknown command 'top': did you mean list --watch?");
  EXPECT_EQ(complaint({"once", "--retries", "5", "--", "true"}),
            "unknown option '--retries': did you mean --max-attempts?");
  EXPECT_EQ(complaint({"once", "--unmetered", "--", "true"}),
            "unknown option '--unmetered': did you mean --network unmetered?");
  EXPECT_EQ(complaint({"once", "--name", "a", "--", "true"}),
            "unknown option '--name': did you mean NAME, without an option?");
  EXPECT_EQ(complaint({"every", "--calendar", "@daily", "--", "true"}),
            "unknown option '--calendar': did you mean WHEN, without an option?");
  EXPECT_EQ(complaint({"list", "-o", "json"}), "unknown option '-o': did you mean --json?");
  EXPECT_EQ(complaint({"wait", "-t", "5s", "a"}), "unknown option '-t': did you mean --timeout?");
  EXPECT_EQ(complaint({"logs", "-t", "a"}), "unknown option '-t': did you mean --times?");
  EXPECT_EQ(complaint({"list", "--tail", "5"}), "unknown option '--tail': see wm list --help")
      << "it has no --lines";
}

TEST(Run, WhatIsMeantByAWordIsAnOptionOrAJob) {
  EXPECT_EQ(complaint({"pause", "1h"}), "unexpected argument '1h': did you mean --for 1h?");
  EXPECT_EQ(complaint({"pause", "a b"}),
            "unexpected argument 'a b': write --group 'a b', if it is a group: see wm pause "
            "--help");
  EXPECT_EQ(complaint({"check", "charging"}),
            "unexpected argument 'charging': did you mean --charging?");
  EXPECT_EQ(complaint({"list", "backup"}),
            "unexpected argument 'backup': wm why backup is about a job: see wm list --help");
}

TEST(Run, DashesAreNoLettersOfAnOption) {
  EXPECT_EQ(complaint({"wait", "--all", "a"}),
            "unknown option '--all': it is one of wm cancel: see wm wait --help")
      << "two of its three letters differ from --any";
}

TEST(Run, AnUnknownOptionIsNamedBeforeWhatIsMissing) {
  EXPECT_EQ(complaint({"retry", "--all"}),
            "unknown option '--all': it is one of wm cancel: see wm retry --help");
  EXPECT_EQ(complaint({"-v"}), "unknown option '-v': see wm --help");
  EXPECT_EQ(complaint({"--json"}), "name a command: see wm --help");
  EXPECT_EQ(complaint({"why"}), "NAME is required: see wm why --help");
}

TEST(Run, AFlagTakesNoValue) {
  EXPECT_EQ(complaint({"register-oneoff", "a", "--charging", "true", "--", "true"}),
            "--charging takes no value: write it alone, without 'true': see wm register-oneoff "
            "--help");
  EXPECT_EQ(complaint({"check", "--idle", "no"}),
            "--idle takes no value: write --no-idle, without 'no': see wm check --help");
  EXPECT_EQ(complaint({"list", "--all", "false"}),
            "--all takes no value: leave it out, without 'false': see wm list --help");
}

TEST(Run, AValueOfSeveralWordsNeedsQuotes) {
  EXPECT_EQ(complaint({"register-periodic", "p", "--every", "2", "hours", "sync"}),
            "--every takes one word: write --every \"2 hours\": see wm register-periodic --help");
  EXPECT_EQ(complaint({"history", "--since", "2", "days", "ago"}),
            "--since takes one word: write --since \"2 days ago\": see wm history --help");
  EXPECT_EQ(complaint({"register-oneoff", "a", "--at", "tomorrow", "09:00", "--", "true"}),
            "--at takes one word: write --at \"tomorrow 09:00\": see wm register-oneoff --help");
}

TEST(Run, ACommandStandsAfterDashesAndAnOptionBelongsToACommand) {
  EXPECT_EQ(
      complaint({"register-oneoff", "a", "echo", "hello"}),
      "unexpected argument 'hello': write the command after --: see wm register-oneoff --help");
  EXPECT_EQ(complaint({"register-oneoff", "a", "--every", "1h", "sync"}),
            "unknown option '--every': it is one of wm register-periodic: see wm register-oneoff "
            "--help");
}

TEST(Run, AnOptionIsNamedBeforeWhatIsWrongWithIt) {
  EXPECT_EQ(complaint({"update", "a", "--network"}),
            "--network needs a value: see wm update --help");
  EXPECT_EQ(complaint({"update", "a", "--at", "now", "--at", "now"}),
            "--at is given more than once: see wm update --help");
  EXPECT_EQ(complaint({"update", "a", "--priority", "high"}),
            "--priority: 'high' is not a whole number");
  EXPECT_EQ(complaint({"history", "--limit", "0"}),
            "--limit: 0 is under the minimum of 1: see wm history --help");
}

TEST(Run, AnUpdateOfNothingIsRefused) {
  EXPECT_EQ(complaint({"update", "a"}),
            "nothing to change: name an option, such as --network unmetered: see wm update --help");
}

}  // namespace
}  // namespace wm::cli
