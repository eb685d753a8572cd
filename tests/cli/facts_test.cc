#include "cli/render/facts.h"

#include <sstream>

#include <gtest/gtest.h>

#include "cli/render/work.h"
#include "tests/support/now.h"

namespace wm::cli {
namespace {

using Texts = std::vector<std::string>;

TEST(Facts, TextIsWrappedAtSpaces) {
  EXPECT_EQ(wrapped("one two three", 7), (Texts{"one two", "three"}));
  EXPECT_EQ(wrapped("one two three", 0), Texts{"one two three"});
  EXPECT_EQ(wrapped("a  b", 4), Texts{"a  b"}) << "spaces in a line stay";
  EXPECT_EQ(wrapped("0123456789 a", 4), (Texts{"0123456789", "a"})) << "a word can be copied";
  EXPECT_EQ(wrapped("備份 備份", 8), (Texts{"備份", "備份"}));
  EXPECT_EQ(wrapped("", 8), Texts{""});
  EXPECT_EQ(wrapped("1 failed: wm history --failed; paused: wm resume", 24),
            (Texts{"1 failed:", "wm history --failed;", "paused: wm resume"}))
      << "a command is copied as a whole";
}

TEST(Facts, ValuesStandBesideTheirLabels) {
  const auto printed = [](std::size_t width, std::string_view value) {
    std::ostringstream out;
    const Style style(false);
    Facts(out, style, 8, width).add("label", value);
    return out.str();
  };
  EXPECT_EQ(printed(0, "0123456789 0123456789 0123456789"),
            "label   0123456789 0123456789 0123456789\n");
  EXPECT_EQ(printed(30, "0123456789 0123456789 0123456789"),
            "label   0123456789 0123456789\n        0123456789\n");
  EXPECT_EQ(printed(10, "0123456789 0123456789"), "label   0123456789 0123456789\n");
  EXPECT_EQ(printed(0, "\x1b[2J"), "label   \\x1b[2J\n");
  EXPECT_EQ(printed(0, ""), "");
}

TEST(JobPage, SaysFirstHowTheJobIs) {
  const boost::json::object work{{"uniqueName", "a"},
                                 {"state", "failed"},
                                 {"enqueuedAt", format_time(kNow - 1h)},
                                 {"lastFinishedAt", format_time(kNow - 3s)},
                                 {"lastResult", {{"outcome", "failed"}, {"exitCode", 1}}}};
  const auto printed = [&](const PageForm& form) {
    std::ostringstream out;
    print_work(out, Style(false), work, kNow, form);
    return out.str();
  };
  EXPECT_EQ(printed({}),
            "'a' has failed: exit 1, 3s ago\n"
            "state         failed\n"
            "enqueued      1h ago\n"
            "last run      failed, exit 1, 3s ago\n");
  EXPECT_EQ(printed({0, true}).find("1h ago"), std::string::npos);
}

TEST(JobPage, NamesTheDirectoryAndTheVariablesButTellsNoSecret) {
  std::ostringstream out;
  print_work(out, Style(false),
             {{"uniqueName", "a"},
              {"state", "succeeded"},
              {"cwd", "/srv"},
              {"env", {{"TOKEN", "secret"}, {"B", "2"}}}},
             kNow);
  EXPECT_EQ(out.str(),
            "'a' has succeeded\n"
            "state         succeeded\n"
            "directory     /srv\n"
            "environment   TOKEN, B (values: --json)\n");
}

}  // namespace
}  // namespace wm::cli
