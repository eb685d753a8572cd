#include <sstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/render/listing.h"
#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "cli/render/terminal_text.h"
#include "cli/render/why.h"
#include "cli/render/work.h"
#include "core/constraints.h"
#include "tests/support/now.h"
#include "tests/support/zone.h"

namespace wm::cli {
namespace {

TEST(Table, FitsItsWidthByCuttingTheWidestCells) {
  const auto printed = [](std::size_t width) {
    Table table({{"NAME"}, {"TASK"}});
    table.add({"a", "0123456789 0123456789"});
    std::ostringstream out;
    table.print(out, Style(false), width);
    return out.str();
  };
  EXPECT_EQ(printed(0), "NAME  TASK\na     0123456789 0123456789\n");
  EXPECT_EQ(printed(20), "NAME  TASK\na     0123456789 01…\n");
}

TEST(Table, CutsTheColumnsThatGiveWayFirst) {
  const auto printed = [](std::size_t width) {
    Table table({{"NAME", nullptr, -1}, {"WHY", nullptr, 1}, {"STATE"}});
    table.add({"0123456789ab", "0123456789", "0123456789abcdef"});
    std::ostringstream out;
    table.print(out, Style(false), width);
    return out.str().substr(out.str().find('\n') + 1);
  };
  EXPECT_EQ(printed(42), "0123456789ab  0123456789  0123456789abcdef\n");
  EXPECT_EQ(printed(40), "0123456789ab  0123456…  0123456789abcdef\n");
  EXPECT_EQ(printed(32), "0123456789ab  0123456789abcdef\n")
      << "a whole column, before others are cut";
  EXPECT_EQ(printed(22), "0123456789ab  0123456…\n");
  EXPECT_EQ(printed(20), "012345678…  0123456…\n") << "the name comes last";
}

TEST(Table, KeepsItsColumnsForWhatComesLater) {
  Table table({{"A"}, {"B"}, {"C"}});
  const auto printed = [&](std::vector<std::string> cells) {
    table.add(std::move(cells));
    std::ostringstream out;
    table.print(out, Style(false), 20);
    return out.str();
  };
  EXPECT_EQ(printed({"0123", "x", "y"}), "A     B  C\n0123  x  y\n");
  EXPECT_EQ(printed({"0", "x", "y"}), "0     x  y\n");
  EXPECT_EQ(printed({"0123456789", "x", "y"}), "0123456789  x  y\n") << "there is room for it";
  EXPECT_EQ(printed({"0123456789 0123456789", "x", "y"}), "012…  x  y\n");
}

TEST(Listing, ShowsOwnersFromThePageOnThatHasSeveral) {
  Listing listing({{"NAME"}}, [](const boost::json::object& item) {
    return std::vector<std::string>{text_of(item, "name")};
  });
  const auto printed = [&](const std::vector<std::pair<const char*, std::int64_t>>& items) {
    boost::json::array page;
    for (const auto& [name, owner] : items) page.push_back({{"name", name}, {"owner", owner}});
    std::ostringstream out;
    listing.print(out, Style(false), 0, page);
    return out.str();
  };
  const std::int64_t nobody = 3'999'999'999;  // No user.
  const std::int64_t self = ::geteuid();
  EXPECT_EQ(printed({{"a", self}, {"b", self}}), "NAME\na\nb\n");
  EXPECT_EQ(printed({}), "");
  EXPECT_EQ(printed({{"c", self}}), "c\n");
  EXPECT_EQ(printed({{"d", nobody}}), "\nOWNER       NAME\n3999999999  d\n");
  EXPECT_EQ(printed({{"e", nobody}}), "3999999999  e\n");
}

TEST(Listing, ShowsTheOneOwnerWhoIsNotTheCallerUnlessNamed) {
  const boost::json::array page{{{"name", "a"}, {"owner", 3'999'999'999}}};
  for (const bool named : {false, true}) {
    Listing listing({{"NAME"}}, [](const boost::json::object& item) {
      return std::vector<std::string>{text_of(item, "name")};
    });
    if (named) listing.expect_any_owner();
    std::ostringstream out;
    listing.print(out, Style(false), 0, page);
    EXPECT_EQ(out.str(), named ? "NAME\na\n" : "OWNER       NAME\n3999999999  a\n");
  }
}

TEST(Table, CountsCharactersAndEscapesControls) {
  Table table({{"A"}, {"B"}});
  table.add({"ü", "x"});
  table.add({"\x1b[2J", "y"});
  std::ostringstream out;
  table.print(out, Style(false), 0);
  EXPECT_EQ(out.str(), "A        B\nü        x\n\\x1b[2J  y\n");
}

TEST(Table, LinesUpWhatIsWideAndWhatTakesNoRoom) {
  const auto printed = [](const char* name, std::size_t width) {
    Table table({{"A"}, {"B"}});
    table.add({name, "x"});
    table.add({"0123456789", "x"});
    std::ostringstream out;
    table.print(out, Style(false), width);
    return out.str().substr(out.str().find('\n') + 1);
  };
  const std::string other = "0123456789  x\n";
  EXPECT_EQ(printed("備份", 0), "備份        x\n" + other);
  EXPECT_EQ(printed("نسخ", 0), "نسخ         x\n" + other);
  EXPECT_EQ(printed("u\u0308ber", 0), "u\u0308ber        x\n" + other) << "a combining mark";
  EXPECT_EQ(printed("💾", 0), "💾          x\n" + other);
  EXPECT_EQ(printed("👍🏽", 0), "👍🏽          x\n" + other) << "an emoji of two parts";
  const std::string cut = "0123456…  x\n";
  EXPECT_EQ(printed("備份備份備", 11), "備份備…   x\n" + cut) << "half a character is none";
  EXPECT_EQ(printed("123456u\u0308890", 11), "123456u\u0308…  x\n" + cut);
}

TEST(Table, ColoursDoNotCountAsWidth) {
  Table table(
      {{"STATE", [](const Style& style, std::string_view text) { return style.state(text); }},
       {"B"}});
  table.add({"failed", "x"});
  std::ostringstream out;
  table.print(out, Style(true), 0);
  EXPECT_EQ(out.str(), "\033[1mSTATE\033[0m   \033[1mB\033[0m\n\033[31mfailed\033[0m  x\n");
}

TEST(LocalTime, RoughDurationsHaveTwoUnits) {
  EXPECT_EQ(rough_duration(999ms), "999ms");
  EXPECT_EQ(rough_duration(61s + 5ms), "1m1s");
  EXPECT_EQ(rough_duration(1h + 29s), "1h");
  EXPECT_EQ(rough_duration(1h - 1ms), "1h") << "just registered, with a delay of an hour";
  EXPECT_EQ(rough_duration(Days{1} + 29min), "1d");
}

TEST(LocalTime, IsRelativeToNow) {
  EXPECT_EQ(relative_time(kNow, kNow), "now");
  EXPECT_EQ(relative_time(kNow + 90s, kNow), "in 1m30s");
  EXPECT_EQ(relative_time(kNow - 2h, kNow), "2h ago");
}

TEST(LocalTime, IsReadInTheZoneOfThisMachine) {
  const LocalZone vienna("Europe/Vienna");
  const TimePoint noon = parse_time("2026-11-23T12:00:00+01:00").value();
  const auto typed = [&](std::string_view text) {
    return parse_when(text, Direction::past, noon, utc_offset);
  };
  EXPECT_EQ(typed("09:30"), parse_time("2026-11-23T08:30:00Z"));
  EXPECT_EQ(typed("2026-07-01 09:30"), parse_time("2026-07-01T07:30:00Z"));
  EXPECT_EQ(typed("2026-03-29 02:30"), parse_time("2026-03-29T01:00:00Z")) << "it is skipped";
  EXPECT_EQ(typed("2026-10-25 02:30"), parse_time("2026-10-25T00:30:00Z")) << "the first of two";
  EXPECT_FALSE(typed_time("soon", Direction::future));
  EXPECT_EQ(local_time(noon), "2026-11-23 12:00:00");
}

TEST(LocalTime, IsSaidAsPeopleDo) {
  const LocalZone vienna("Europe/Vienna");
  const TimePoint now = parse_time("2026-11-25T23:00:00+01:00").value();  // A Wednesday.
  const auto said = [&](std::string_view text) {
    return day_and_time(parse_time(text).value(), now);
  };
  EXPECT_EQ(said("2026-11-25T23:30:00+01:00"), "today 23:30");
  EXPECT_EQ(said("2026-11-26T02:30:00+01:00"), "tomorrow 02:30");
  EXPECT_EQ(said("2026-11-27T00:00:05+01:00"), "friday 00:00:05");
  EXPECT_EQ(said("2026-12-01T09:00:00+01:00"), "tuesday 09:00");
  EXPECT_EQ(said("2026-12-02T09:00:00+01:00"), "2026-12-02 09:00");
  EXPECT_EQ(said("2026-11-24T09:00:00+01:00"), "yesterday 09:00");
  EXPECT_EQ(said("2026-11-23T09:00:00+01:00"), "2026-11-23 09:00");
  EXPECT_EQ(day_and_minute(parse_time("2026-11-25T22:10:59.999+01:00").value(), now),
            "today 22:10");
  for (const char* text : {"tomorrow 02:30", "friday 00:00:05", "2026-12-02 09:00"}) {
    EXPECT_EQ(day_and_time(parse_when(text, Direction::future, now, utc_offset).value(), now),
              text);
  }
}

boost::json::object wait(std::string_view kind, std::string_view name, std::string_view required,
                         std::string_view actual) {
  return {{"kind", kind}, {"name", name}, {"required", required}, {"actual", actual}};
}

TEST(Why, NamesInWordsWhatAJobWaitsFor) {
  const auto said = [](const boost::json::object& one) { return awaited(one, kNow); };
  EXPECT_EQ(said(wait("constraint", "network", "unmetered", "metered")), "an unmetered network");
  EXPECT_EQ(said(wait("constraint", "network", "connected", "none")), "a network");
  EXPECT_EQ(said(wait("constraint", "charging", "yes", "no")), "external power");
  EXPECT_EQ(said(wait("constraint", "vpn", "yes", "no")), "the condition 'vpn'");
  EXPECT_EQ(said(wait("slot", "", "a free slot", "4 running")), "a free slot");
  EXPECT_EQ(said(wait("keep-alive", "", "KeepAlive within 30s", "none")),
            "its owner's word (KeepAlive)");
  EXPECT_EQ(said(wait("prerequisite", "b\n", "succeeded", "running")),
            "'b\\x0a', which is running");
  boost::json::object backoff = wait("backoff", "", "", "");
  backoff["until"] = format_time(kNow + 28s);
  EXPECT_EQ(said(backoff), "its next attempt (in 28s)");
  boost::json::object preferred = wait("constraint", "charging", "yes", "no");
  preferred["until"] = format_time(kNow + 2h);
  EXPECT_EQ(said(preferred), "external power (for at most 2h more)");
  for (const ConstraintDef& def : kConstraints) {
    EXPECT_FALSE(said(wait("constraint", def.name, "yes", "no")).empty()) << def.name;
  }
}

TEST(Why, SaysTheVerdictFirst) {
  const auto why = [](std::string_view state, boost::json::array waits) {
    return boost::json::object{
        {"uniqueName", "a"}, {"state", state}, {"waitingFor", std::move(waits)}};
  };
  const boost::json::object none;
  const boost::json::object slot = wait("slot", "", "", "");
  EXPECT_EQ(verdict(why("enqueued", {}), none, kNow), "'a' starts now");
  EXPECT_EQ(verdict(why("enqueued", {slot}), none, kNow), "'a' waits for a free slot");
  EXPECT_EQ(verdict(why("enqueued", {slot, slot, slot}), none, kNow),
            "'a' waits for a free slot, a free slot and a free slot");
  EXPECT_EQ(verdict(why("enqueued", {slot, slot, slot, slot, slot}), none, kNow),
            "'a' waits for a free slot, a free slot, a free slot and 2 more");
  boost::json::object failed{{"runAttemptCount", 5},
                             {"maxAttempts", 5},
                             {"lastFinishedAt", format_time(kNow - 4s)},
                             {"lastResult", {{"outcome", "failed"}, {"exitCode", 1}}}};
  EXPECT_EQ(verdict(why("failed", {}), failed, kNow),
            "'a' has failed: exit 1, attempt 5 of 5, 4s ago");
  EXPECT_EQ(
      verdict(why("running", {}), {{"state", "running"}, {"progress", {{"percent", 30}}}}, kNow),
      "'a' is running 30 %");
  EXPECT_EQ(verdict(why("running", {}),
                    {{"state", "running"}, {"startedAt", format_time(kNow - 3s)}}, kNow),
            "'a' is running, 3s");
  EXPECT_EQ(
      verdict(why("blocked", {wait("prerequisite", "a", "succeeded", "enqueued")}), none, kNow),
      "'a' waits for the job that it was appended to, which is enqueued");
  EXPECT_EQ(verdict(why("succeeded", {}), {{"lastFinishedAt", format_time(kNow - 4s)}}, kNow),
            "'a' has succeeded, 4s ago");
  EXPECT_EQ(verdict(why("cancelled", {}), {{"stopReason", "quota"}}, kNow),
            "'a' is cancelled: quota");
  const boost::json::object interrupted{
      {"lastFinishedAt", format_time(kNow - 4s)},
      {"lastResult", {{"outcome", "interrupted"}, {"stopReason", "constraint-charging"}}}};
  EXPECT_EQ(verdict(why("enqueued", {slot}), interrupted, kNow),
            "'a' waits for a free slot; the last run was stopped: constraint-charging, 4s ago");
  boost::json::object quota = wait("quota", "", "", "");
  quota["until"] = format_time(kNow + 2h);
  EXPECT_EQ(verdict(why("enqueued", {slot, quota}), none, kNow),
            "'a' waits for a free slot and its owner's budget of expedited runs, which is spent "
            "until " +
                day_and_minute(kNow + 2h, kNow));
}

TEST(Why, ShowsDetailsBelowIfTheyDoNotFitBeside) {
  boost::json::object metered = wait("constraint", "network", "unmetered", "metered");
  metered["detail"] = "NetworkManager: wlan0";
  metered["since"] = format_time(kNow - 1h);
  boost::json::object power = wait("constraint", "charging", "yes", "yes");
  const boost::json::object why{{"waitingFor", {metered}}, {"met", {power}}};
  const auto printed = [&](std::size_t width, bool unicode) {
    std::ostringstream out;
    print_facts(out, Style(false, unicode), why, {}, width, kNow);
    return out.str();
  };
  EXPECT_EQ(printed(0, true),
            "  ✗  network   metered, needs unmetered  for 1h  NetworkManager: wlan0\n"
            "  ✓  charging  yes\n");
  EXPECT_EQ(printed(60, false),
            "  x  network   metered, needs unmetered  for 1h\n"
            "  +  charging  yes\n"
            "  network: NetworkManager: wlan0\n");
}

TEST(Why, CommandsCanBePasted) {
  EXPECT_EQ(command_line("run", "nightly-backup"), "wm run nightly-backup");
  EXPECT_EQ(command_line("run", "$(reboot)"), "wm run '$(reboot)'");
  EXPECT_EQ(command_line("run", "it's"), "wm run 'it'\\''s'");
  EXPECT_EQ(command_line("run", "-x"), "wm run -- -x");
  EXPECT_EQ(command_line("run", "=ls"), "wm run '=ls'") << "zsh would look for a program";
  EXPECT_EQ(command_line("run", "备份"), "wm run '备份'");
}

TEST(DisplayWidth, IsThatOfWhatPeopleCallCharacters) {
  const std::pair<const char*, std::size_t> cases[]{
      {"", 0},
      {"wm list", 7},
      {"Zürich", 6},
      {"e\u0301", 1},
      {"備份", 4},
      {"한국어", 6},
      {"\u1112\u1161\u11ab", 2},  // The letters of 한.
      {"यूनिकोड", 6},
      {"نسخ", 3},
      {"\u06001", 1},
      {"👍", 2},
      {"👍🏽", 2},
      {"👨\u200d👩\u200d👧\u200d👦", 2},
      {"🏳\ufe0f\u200d🌈", 2},
      {"\u2764", 1},
      {"\u2764\ufe0f", 2},
      {"1\ufe0f\u20e3", 2},
      {"🇦🇹", 2},
      {"🇦🇹🇨🇭", 4},
      {"a👍🏽b🇦🇹1\ufe0f\u20e3c", 9},
      {"\u0301", 0},
      {"\u093f", 1},
      {"\xff\xe5\x82", 3},
  };
  for (const auto& [text, columns] : cases) EXPECT_EQ(display_width(text), columns) << text;
}

TEST(DisplayWidth, TextIsCutBetweenCharacters) {
  struct Row {
    const char* text;
    std::size_t width;
    const char* cut;
  };
  for (const Row& row : {
           Row{"abcd", 4, "abcd"},
           Row{"abcde", 4, "abc…"},
           Row{"abcde", 1, "…"},
           Row{"abce\u0301", 4, "abce\u0301"},
           Row{"abe\u0301de", 4, "abe\u0301…"},
           Row{"備份備", 5, "備份…"},
           Row{"備份備", 4, "備…"},
           Row{"a👨\u200d👩\u200d👧b", 4, "a👨\u200d👩\u200d👧b"},
           Row{"a👨\u200d👩\u200d👧bc", 4, "a👨\u200d👩\u200d👧…"},
           Row{"a👨\u200d👩\u200d👧bc", 3, "a…"},
           Row{"👍🏽👍🏽", 3, "👍🏽…"},
           Row{"🇦🇹🇨🇭", 4, "🇦🇹🇨🇭"},
           Row{"🇦🇹🇨🇭🇦🇹", 4, "🇦🇹…"},
           Row{"1\ufe0f\u20e32\ufe0f\u20e3", 3, "1\ufe0f\u20e3…"},
           Row{"\u2764\ufe0f\u2764\ufe0f", 2, "…"},
           Row{"यूनिकोड", 6, "यूनिकोड"},
           Row{"यूनिकोड", 5, "यूनि…"},
           Row{"한국어", 5, "한국…"},
       }) {
    EXPECT_EQ(cut_to_width(row.text, row.width), row.cut) << row.text << " in " << row.width;
  }
}

std::string shown(const std::vector<std::string>& parts) {
  TerminalText text;
  std::string all;
  for (const std::string& part : parts) all += text.take(part);
  return all + text.finish();
}

TEST(TerminalText, PassesTextAndColoursOn) {
  EXPECT_EQ(shown({"a\tb\nZürich\n"}), "a\tb\nZürich\n");
  EXPECT_EQ(shown({"\x1b[1;31mred\x1b[0m"}), "\x1b[1;31mred\x1b[0m");
}

TEST(TerminalText, CanBeWithoutColours) {
  EXPECT_EQ(without_colors("\x1b[1;31mred\x1b[0m and \x1b[38:5:1mmore\x1b[m"), "red and more");
  EXPECT_EQ(without_colors("\x1b[2Ja\x1b["), "\x1b[2Ja\x1b[");
}

TEST(TerminalText, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(shown({"\x1b[2J\x1b]0;title\x07"}), "\\x1b[2J\\x1b]0;title\\x07");
  EXPECT_EQ(shown({"a\x1b"}), "a\\x1b");
  EXPECT_EQ(shown({"\x1b[31"}), "\\x1b[31");
  EXPECT_EQ(shown({"\x1b[" + std::string(100, '1') + "m"}).find('\x1b'), std::string::npos);
  EXPECT_EQ(shown({"\xff\xe2\x80\xae"}), "\\xff\\xe2\\x80\\xae");
}

TEST(TerminalText, AProgressBarHidesNothing) {
  EXPECT_EQ(shown({"10 %\r20 %\r\ndone\r"}), "10 %\n20 %\ndone\\x0d");
}

TEST(TerminalText, WhatIsCutInTheMiddleWaitsForTheRest) {
  EXPECT_EQ(shown({"Z\xc3", "\xbc", "rich"}), "Zürich");
  EXPECT_EQ(shown({"\xe6\x97", "\xa5"}), "日");
  EXPECT_EQ(shown({"\x1b", "[", "3", "1", "m!"}), "\x1b[31m!");
  EXPECT_EQ(shown({"a\r", "\nb"}), "a\nb");
}

}  // namespace
}  // namespace wm::cli
