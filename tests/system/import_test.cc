// `wm import` with a real daemon: it accepts what an import prints.
#include <fstream>

#include "tests/system/commands.h"

namespace wm {
namespace {

class Importing : public Commands {
 protected:
  std::string file(const std::string& name, const std::string& text) const {
    const auto path = daemon_.path() / name;
    std::ofstream(path) << text;
    return path.string();
  }
};

constexpr const char* kTable =
    "MAILTO=ann\n"
    "PATH=/usr/bin:/bin\n"
    "# Greets.\n"
    "* * * * * printf '\\%s-' \"$0\"; cat >greeting%Hello,%world\n"
    "@reboot echo never\n"
    "30 2 * * mon-fri /usr/bin/id\n";

TEST_F(Importing, ApplyTakesWhatIsPrintedAndFindsNothingNewTheNextTime) {
  const Output import = wm({"import", "crontab", file("table", kTable)});
  const std::string& printed = import.out;
  EXPECT_EQ(import.err, "wm: 1 of 3 entries cannot become a job: see NOT A JOB in the comments\n");
  EXPECT_NE(printed.find("# ! MAILTO=ann: wm sends no mail"), std::string::npos) << printed;
  EXPECT_NE(printed.find("# NOT A JOB: wm has nothing yet that starts a job at the boot"),
            std::string::npos)
      << printed;

  EXPECT_EQ(ok({"apply", file("jobs.toml", printed)}), "enqueued 'cat'\nenqueued 'id'\n");

  const Output again = wm({"import", "crontab", "-", "--apply"}, kTable);
  EXPECT_EQ(again.status, 0);
  EXPECT_EQ(again.out, "2 unchanged\n");
  EXPECT_NE(again.err.find("stdin:5: not imported: wm has nothing yet"), std::string::npos)
      << again.err;
}

TEST_F(Importing, ARunReadsWhatStandsAfterThePercentSign) {
  const std::string home = daemon_.path() / "home";
  std::filesystem::create_directory(home);
  make_pipe(home + "/greeting");
  const std::string table = "HOME=" + home + "\n0 0 1 1 * cat >greeting%Hello,%world\n";
  EXPECT_EQ(wm({"import", "crontab", "-", "--apply"}, table).out, "enqueued 'cat'\n");

  ok({"run", "cat"});
  std::ifstream greeting(home + "/greeting");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(greeting), {}), "Hello,\nworld\n");
}

TEST_F(Importing, JsonHasTheEntriesWithTheirNotes) {
  const json::value import = json({"import", "crontab", file("table", kTable)});
  const json::array& entries = import.at("entries").as_array();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(text(entries[0].at("work"), "calendar"), "* * * * *");
  EXPECT_EQ(entries[0].at("notes").as_array().size(), 1U);
  EXPECT_EQ(text(entries[1], "refusal"), "wm has nothing yet that starts a job at the boot");
}

TEST_F(Importing, ANameThatIsTakenGetsANumberAndIsFoundAgain) {
  shell("id", "true", {"--initial-delay", "1h"});
  const std::string table = "@daily /usr/bin/id\n@hourly /usr/bin/id -u\n@daily /bin/cat\n";
  const std::string path = file("table", table);
  const Output output = wm({"import", "crontab", "--apply", path});
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.out, "enqueued 'id-3'\nenqueued 'id-2'\nenqueued 'cat'\n");
  EXPECT_TRUE(
      output.err.starts_with("wm: " + path + ":1: named 'id-3': there is another job 'id'\n"))
      << output.err;
  EXPECT_EQ(text(json({"show", "id"}), "kind"), "oneoff");

  EXPECT_EQ(wm({"import", "crontab", "--apply", path}).out, "3 unchanged\n");
  ok({"cancel", "id"});
  EXPECT_EQ(wm({"import", "crontab", "--apply", path}).out, "3 unchanged\n")
      << "although its first name is free now";
  EXPECT_EQ(json({"list"}).as_array().size(), 3U);
}

TEST_F(Importing, ATableWithoutAnyJobSaysWhyFirst) {
  const Output output = wm({"import", "crontab", "--apply", "-"}, "@reboot echo never\n");
  EXPECT_EQ(output.out, "");
  EXPECT_EQ(output.err,
            "wm: stdin:1: not imported: wm has nothing yet that starts a job at the boot\n"
            "wm: there is nothing to import\n");
}

TEST_F(Importing, TimersAreFoundByNameOrByFile) {
  const std::string timer = file("tidy.timer", "[Timer]\nOnCalendar=Mon..Fri 2:30\n");
  file("tidy.service", "[Service]\nType=oneshot\nExecStart=/bin/true 'a b'\n");
  const Output output = wm({"import", "systemd-timers", "--apply", "--user", timer});
  EXPECT_EQ(output.out, "enqueued 'tidy'\n") << output.err;
  EXPECT_EQ(text(json({"show", "tidy"}), "calendar"), "30 2 * * 1-5");
  fails(3, "there is no timer 'of-that-name.timer'", {"import", "systemd-timers", "of-that-name"});
}

TEST_F(Importing, WhatIsMissingIsNamed) {
  fails(2, "cannot read /nowhere", {"import", "crontab", "/nowhere"});
  fails(2, "unknown option '--aply': did you mean --apply?", {"import", "crontab", "--aply"});
}

}  // namespace
}  // namespace wm
