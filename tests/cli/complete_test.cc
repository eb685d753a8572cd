// What a shell is told that asks which words may come next. No daemon runs here.
#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "cli/command.h"
#include "core/work.h"

namespace wm::cli {
namespace {

// The lines of the answer. It must not say anything of errors.
std::vector<std::string> answer(const std::vector<std::string>& words) {
  std::vector<const char*> arguments{"wm", "complete", "--"};
  for (const std::string& word : words) arguments.push_back(word.c_str());
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(run(static_cast<int>(arguments.size()), arguments.data(), {out, err}), 0);
  EXPECT_EQ(err.str(), "");
  std::vector<std::string> lines;
  std::istringstream text(out.str());
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> offers(const std::vector<std::string>& words) {
  std::vector<std::string> texts;
  for (const std::string& line : answer(words)) {
    const std::size_t tab = line.find('\t');
    EXPECT_NE(tab, std::string::npos) << line;
    texts.push_back(line.substr(0, tab));
  }
  return texts;
}

using Lines = std::vector<std::string>;

template <class E>
Lines words_of() {
  return {Words<E>::list.begin(), Words<E>::list.end()};
}

bool has(const Lines& lines, const std::string& line) {
  return std::ranges::count(lines, line) > 0;
}

TEST(Complete, OffersCommandsWithTheirSummaries) {
  const Lines lines = answer({""});
  ASSERT_EQ(lines.size(), all_commands().size());
  EXPECT_TRUE(has(lines, "history\tList runs, newest first"));
  EXPECT_EQ(answer({"--json", "--owner", "list", ""}), lines);
  EXPECT_EQ(answer({"help", ""}), lines);
  EXPECT_EQ(answer({"nonsense", ""}), Lines{});
}

TEST(Complete, OffersOptionsAndTheirOpposites) {
  const Lines lines = answer({"once", "-"});
  EXPECT_TRUE(has(lines, "--charging\tRun only on external power"));
  EXPECT_TRUE(has(lines, "--no-charging\tThe opposite of --charging"));
  EXPECT_TRUE(has(lines, "--at\tDo not run before: 09:30, tomorrow 09:30,"));
  EXPECT_TRUE(has(lines, "--json\tPrint JSON"));
  EXPECT_TRUE(has(lines, "--\tThe command follows"));
  EXPECT_EQ(std::ranges::count(offers({"once", "-"}), "--help"), 1);
  EXPECT_TRUE(has(offers({"-"}), "--socket"));
}

TEST(Complete, OffersWhatIsBelowACommand) {
  EXPECT_EQ(answer({"conditions", ""}),
            (Lines{"override\tPretend, to try jobs out", "clear\tEnd all overrides"}));
  const Lines below = offers({"conditions", "override", "--"});
  EXPECT_TRUE(has(below, "--for"));
  EXPECT_FALSE(has(below, "--since"));
  EXPECT_TRUE(has(offers({"conditions", "--"}), "--since"));
}

TEST(Complete, OffersTheWordsOfClosedSets) {
  EXPECT_EQ(offers({"list", "--state", ""}), words_of<WorkState>());
  EXPECT_EQ(offers({"wait", "x", "--for", ""}), words_of<WorkState>());
  EXPECT_EQ(offers({"once", "--network", ""}), words_of<NetworkType>());
  EXPECT_EQ(offers({"once", "--existing", ""}), words_of<ExistingPolicy>());
  EXPECT_EQ(offers({"list", "--color", ""}), (Lines{"auto", "always", "never"}));
  EXPECT_EQ(offers({"completion", ""}), (Lines{"bash", "zsh", "fish"}));
  EXPECT_TRUE(has(offers({"conditions", "override", ""}), "network=metered"));
  EXPECT_TRUE(has(offers({"conditions", "override", "idle=no", ""}), "battery=low"));
  EXPECT_TRUE(has(offers({"once", "--prefer", ""}), "network=unmetered"));
  EXPECT_TRUE(has(answer({"once", "--prefer", ""}), "charging\tRun only on external power"));
}

TEST(Complete, AValueMayStandInTheSameWord) {
  EXPECT_EQ(offers({"list", "--color=a"}),
            (Lines{"--color=auto", "--color=always", "--color=never"}));
  EXPECT_TRUE(has(offers({"once", "--notify", "started,"}), "started,failed"));
  EXPECT_TRUE(has(offers({"once", "--notify=started,"}), "--notify=started,failed"));
}

TEST(Complete, LeavesFilesAndCommandsToTheShell) {
  for (const Lines& words : {Lines{"apply", ""}, Lines{"apply", "a.toml", ""},
                             Lines{"--socket", ""}, Lines{"once", "--input-json", ""},
                             Lines{"import", "crontab", ""}, Lines{"list", "--socket=/"}}) {
    EXPECT_EQ(answer(words), Lines{":files"}) << words.front();
  }
  EXPECT_EQ(answer({"once", "--cwd", ""}), Lines{":directories"});
  EXPECT_EQ(answer({"once", "--", "ls", "-"}), Lines{":command"});
  EXPECT_EQ(answer({"once", "--at", ""}), Lines{});
}

TEST(Complete, OffersOptionsWhereNothingElseFits) {
  EXPECT_TRUE(has(offers({"status", "x", ""}), "--json"));
  EXPECT_EQ(answer({"list", "--", ""}), Lines{});
}

TEST(Complete, IsQuietWithoutADaemonAndAboutWrongWords) {
  EXPECT_EQ(answer({"--socket", "/nowhere", "list", "--tag", ""}), Lines{});
  EXPECT_EQ(answer({"--user", "--system", "--owner", "nobody-of-that-name", "once", "--group", ""}),
            Lines{});
  EXPECT_EQ(answer({"list", "\xff"}), Lines{});
  EXPECT_FALSE(answer({"list", "--nonsense", "--color", "purple", "--"}).empty());
}

}  // namespace
}  // namespace wm::cli
