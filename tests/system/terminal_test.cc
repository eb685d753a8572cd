// What people see on a terminal.
#include "tests/support/terminal.h"

#include <algorithm>
#include <csignal>
#include <regex>
#include <sstream>

#include "tests/system/commands.h"

namespace wm {
namespace {

class OnATerminal : public Commands {
 protected:
  std::vector<std::string> wm_with(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command{WM_PROGRAM, "--socket", daemon_.socket()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
  }

  // Runs a command to its end, on a terminal of 80 columns.
  std::string shown(const std::vector<std::string>& arguments,
                    const std::map<std::string, std::string>& variables = {}, int status = 0) {
    Terminal terminal(80, 24, wm_with(arguments), variables);
    EXPECT_EQ(terminal.finish(), status) << terminal.text();
    return terminal.text();
  }

  void later(const std::string& name) { shell(name, ":", {"--initial-delay", "1h"}); }
};

TEST_F(OnATerminal, LongOutputGoesThroughThePager) {
  later("a");
  for (const char* const pager : {"sed s/^/paged:/", "sed 's/^/paged:/'"}) {
    const std::string paged = shown({"list"}, {{"WM_PAGER", pager}});
    EXPECT_NE(paged.find("paged:\x1b[2m○\x1b[0m a"), std::string::npos)
        << "with colours: " << paged;
    EXPECT_NE(paged.find("paged:\x1b[2m1 job: 1 waiting."), std::string::npos) << paged;
  }
  const std::map<std::string, std::string> pager{{"PAGER", "sed s/^/paged:/"}, {"WM_PAGER", ""}};
  EXPECT_EQ(shown({"list"}, pager).find("paged:"), std::string::npos);
  const std::map<std::string, std::string> named{{"WM_PAGER", "sed s/^/paged:/"}};
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"list", "--no-pager"}, {"list", "--json"}, {"list", "--tag", "x"}, {"status"}}) {
    EXPECT_EQ(shown(arguments, named).find("paged:"), std::string::npos) << arguments.back();
  }
  EXPECT_EQ(shown({"show", "b"}, named, 3), "wm: no such job: 'b': see wm list --all\n");
}

TEST_F(OnATerminal, ThePagerKeepsTheWidthOfTheTerminal) {
  later(std::string(60, 'n') + "-" + std::string(60, 'n'));
  const std::string paged = shown({"list", "--color", "never"}, {{"WM_PAGER", "sed -n 2p"}});
  EXPECT_NE(paged.find("n…"), std::string::npos) << paged;
}

TEST_F(OnATerminal, LeavingThePagerEarlyIsNoError) {
  std::string lines;
  for (int i = 0; i < 20'000; ++i) lines += "0123456789\n";
  const auto file = daemon_.path() / "lines";
  std::ofstream(file) << lines;
  shell("a", "cat " + file.string());
  ok({"wait", "a"});
  const std::string seen = shown({"logs", "a"}, {{"WM_PAGER", "head -n 2"}});
  EXPECT_TRUE(seen.starts_with("wm: a, run 1: succeeded, ")) << seen;
  EXPECT_TRUE(seen.ends_with("\n0123456789\n")) << seen;
}

TEST_F(OnATerminal, APagerThatIsNotThereIsDoneWithout) {
  later("a");
  const std::string text = shown({"list"}, {{"WM_PAGER", "/no/such/pager -x"}});
  EXPECT_TRUE(text.starts_with("wm: cannot start the pager '/no/such/pager': No such file"))
      << text;
  EXPECT_NE(text.find("1 job: 1 waiting."), std::string::npos) << text;
}

TEST_F(OnATerminal, CtrlCIsForThePager) {
  later("a");
  const auto pipe = daemon_.path() / "pipe";
  make_pipe(pipe);
  const auto pager = daemon_.path() / "pager";
  std::ofstream(pager) << "#!/bin/sh\ntrap '' INT\ncat\necho shown\nread -r line <" << pipe.string()
                       << "\necho \"left $line\"\n";
  std::filesystem::permissions(pager, std::filesystem::perms::owner_all);

  Terminal terminal(80, 24, wm_with({"list"}), {{"WM_PAGER", pager.string()}});
  EXPECT_TRUE(terminal.await("shown"));
  terminal.type("\x03");
  EXPECT_TRUE(terminal.await("^C")) << "by then the signal has been sent";
  std::ofstream(pipe) << "now\n";
  EXPECT_EQ(terminal.finish(), 0);
  EXPECT_NE(terminal.text().find("left now"), std::string::npos) << terminal.text();
}

TEST_F(OnATerminal, AListCanFollowWhatHappens) {
  later("a");
  Terminal terminal(80, 6, wm_with({"list", "--watch", "--color", "never"}));
  EXPECT_TRUE(terminal.await("1 job: 1 waiting.")) << terminal.text();
  ok({"conditions", "override", "charging=no", "network=metered"});
  shell("b", ":", {"--charging", "--network", "unmetered"});
  EXPECT_TRUE(terminal.await("○ b     when it holds  unmetered network, external power"))
      << terminal.text();
  ok({"conditions", "override", "charging=yes"});
  EXPECT_TRUE(terminal.await("○ b     when it holds  unmetered network  –"))
      << "a condition is no event: " << terminal.text();
  for (const char* const name : {"c", "d", "e"}) later(name);
  EXPECT_TRUE(terminal.await("… 2 more")) << "the screen has 6 rows";
  EXPECT_TRUE(terminal.await("5 jobs: 5 waiting."));
  terminal.resize(80, 24);
  EXPECT_TRUE(terminal.await("○ e")) << "now there is room";

  terminal.type("\x03");
  EXPECT_EQ(terminal.finish(), 128 + SIGINT);
  EXPECT_TRUE(terminal.text().ends_with("\033[?25h\033[?1049l")) << "with a cursor";
  EXPECT_EQ(terminal.text().find("\033[K\n"), std::string::npos)
      << "that would erase the last column of a line that fills its row";
}

TEST_F(OnATerminal, AListBeginsWithWhatRuns) {
  for (const char* const name : {"a", "b", "c", "d"}) later(name);
  const auto pipe = daemon_.path() / "pipe";
  make_pipe(pipe);
  shell("x", "read -r line <" + pipe.string());
  const std::string listed = shown({"list", "--color", "never"});
  EXPECT_LT(listed.find(" x "), listed.find(" a ")) << listed;
  EXPECT_EQ(text(json({"list"}).as_array().front(), "uniqueName"), "a") << "JSON keeps its order";
  Terminal terminal(80, 5, wm_with({"list", "--watch", "--color", "never"}));
  EXPECT_TRUE(terminal.await("5 jobs: 1 running, 4 waiting.")) << terminal.text();
  EXPECT_NE(terminal.text().find("▶ x"), std::string::npos) << terminal.text();
  terminal.type("\x03");
  terminal.finish();
  std::ofstream(pipe) << "x\n";
}

TEST_F(OnATerminal, AListThatLosesItsDaemonSaysSoInItsLastLine) {
  later("a");
  Terminal terminal(80, 6, wm_with({"list", "--watch", "--color", "never"}));
  EXPECT_TRUE(terminal.await("1 job: 1 waiting.")) << terminal.text();
  daemon_.kill();
  EXPECT_TRUE(terminal.await("\033[Jwm: the daemon went away: waiting up to 1m"))
      << terminal.text();
  terminal.type("\x03");
  terminal.finish();
}

TEST_F(OnATerminal, WithoutTermThereAreNoColours) {
  later("a");
  EXPECT_EQ(shown({"list"}, {{"TERM", ""}}).find('\033'), std::string::npos);
}

TEST_F(OnATerminal, AListIsNotDrawnInAPipe) {
  fails(2, "wm watch prints a line for each event", {"list", "--watch"});
  EXPECT_NE(shown({"list", "-w"}, {{"TERM", "dumb"}}, 2).find("wm watch"), std::string::npos);
  EXPECT_NE(shown({"list", "-w", "--state", "lost"}, {}, 2).find("wm: "), std::string::npos);
}

TEST_F(OnATerminal, TheHistoryShowsHowLongRunsTook) {
  shell("a", "exit 1", {"--max-attempts", "2", "--backoff-delay", "1ms"});
  EXPECT_EQ(wm({"wait", "a"}).status, 1);
  const std::string shown_of_one = shown({"history", "a"});
  EXPECT_NE(shown_of_one.find("█"), std::string::npos) << shown_of_one;
  EXPECT_NE(shown_of_one.find("2 runs: 2 failed; mean "), std::string::npos) << shown_of_one;
  EXPECT_EQ(shown({"history"}).find("2 runs"), std::string::npos) << "those of all are no whole";
  const std::string piped = ok({"history", "a"});
  EXPECT_EQ(piped.find("█"), std::string::npos) << piped;
  EXPECT_EQ(piped.find("2 runs"), std::string::npos) << piped;
}

// The socket would be the standard output, and the daemon would get the list.
TEST_F(OnATerminal, AClosedStandardOutputIsAnError) {
  shell("a", "echo text");
  ok({"wait", "a"});
  later("b");
  for (const char* const command : {"history", "list", "export", "logs a", "show a"}) {
    const Output output = run_program(
        {"/bin/sh", "-c", WM_PROGRAM " --socket " + daemon_.socket() + " " + command + " >&-"});
    EXPECT_EQ(output.status, 1) << command;
    EXPECT_EQ(output.err, "wm: standard output cannot be written\n") << command;
  }
}

TEST_F(OnATerminal, WhoeverFollowsEndsOnceNobodyCanRead) {
  shell("a", "while :; do echo text; " WM_PROGRAM " progress 1; done");
  for (const char* const command :
       {"watch", "watch --json", "logs -f a", "conditions --watch", "conditions --watch --json"}) {
    for (const char* const output_to : {">/dev/full", ">&-"}) {
      const Output output = run_program(
          {"/bin/sh", "-c",
           WM_PROGRAM " --socket " + daemon_.socket() + " " + command + " " + output_to});
      EXPECT_EQ(output.status, 1) << command << output_to;
      EXPECT_EQ(output.err, "wm: standard output cannot be written\n") << command << output_to;
    }
  }
}

TEST_F(OnATerminal, AnswersBeginWithASentence) {
  const auto first_line = [&](const std::vector<std::string>& arguments) {
    const std::string text = shown(arguments);
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(first_line({"status", "--color", "never"}), "wmd is up: there are no jobs");
  ok({"conditions", "override", "charging=no"});
  shell("a", ":", {"--charging"});
  shell("b", ":", {"--initial-delay", "1h"});
  EXPECT_EQ(first_line({"status", "--color", "never"}), "wmd is up: 2 jobs wait");
  EXPECT_EQ(first_line({"show", "a", "--color", "never"}), "'a' waits for external power");
  EXPECT_TRUE(first_line({"conditions", "--color", "never"})
                  .starts_with("Jobs need charging (1). Pretended: charging;"));
  EXPECT_TRUE(first_line({"forecast", "--color", "never"}).starts_with("1 run, the first in "));
  EXPECT_TRUE(ok({"forecast"}).starts_with("STARTS")) << "a table is a table in a pipe";
  ok({"pause"});
  EXPECT_NE(first_line({"status"}).find("everything is paused"), std::string::npos);
}

TEST_F(OnATerminal, ATimeIsNotCutForALongName) {
  const std::string name(150, 'n');
  later(name);
  const std::string forecast = shown({"forecast", "--color", "never"});
  EXPECT_TRUE(std::regex_search(forecast, std::regex("to(day|morrow) \\d\\d:\\d\\d  in 59m")) ||
              forecast.find(" in 1h ") != std::string::npos)
      << forecast;
  shell(name + "2", "exit 1", {"--max-attempts", "1"});
  EXPECT_EQ(wm({"wait", name + "2"}).status, 1);
  Terminal history(60, 24, wm_with({"history", "--color", "never"}));
  EXPECT_EQ(history.finish(), 0);
  EXPECT_TRUE(std::regex_search(history.text(), std::regex("today \\d\\d:\\d\\d  \\d+ms  ")))
      << history.text();
}

TEST_F(OnATerminal, SummariesTellWhatNoRowShows) {
  later("a");
  EXPECT_EQ(shown({"list"}).find("failed"), std::string::npos);
  shell("b", "exit 64");
  EXPECT_EQ(wm({"wait", "b"}).status, 1);
  ok({"pause", "--for", "2h"});
  const std::string failures = "1 failed run since yesterday: wm history --failed";
  for (const char* const command : {"list", "status"}) {
    const std::string said = shown({command, "--color", "never"});
    EXPECT_NE(said.find(failures), std::string::npos) << said;
    EXPECT_TRUE(std::regex_search(said, std::regex("everything is paused until to.* \\(in [12]h.*"
                                                   "\\):\\s+wm\\s+resume")))
        << said;
  }
  EXPECT_EQ(shown({"list", "--tag", "x"}).find(failures), std::string::npos) << "that is about b";
  EXPECT_EQ(ok({"list"}).find(failures), std::string::npos) << "a table is a table in a pipe";
  Terminal terminal(120, 5, wm_with({"list", "--watch", "--color", "never"}));
  EXPECT_TRUE(terminal.await("1 job: 1 waiting.  everything is paused")) << terminal.text();
  terminal.type("\x03");
  terminal.finish();
}

TEST_F(OnATerminal, ASummaryBreaksWhereTheScreenEnds) {
  for (const char* const name : {"a", "c", "d"}) later(name);
  ok({"pause", "--for", "2h"});
  Terminal terminal(40, 5, wm_with({"list", "--watch", "--color", "never"}));
  EXPECT_TRUE(terminal.await("… 2 more")) << "its two lines take their rows: " << terminal.text();
  EXPECT_TRUE(terminal.await("3 jobs: 3 waiting.  everything is paused")) << terminal.text();
  EXPECT_TRUE(terminal.await("\033[Juntil ")) << "on a line of its own: " << terminal.text();
  terminal.type("\x03");
  terminal.finish();
}

TEST_F(OnATerminal, ARunTellsItsAge) {
  const auto pipe = daemon_.path() / "pipe";
  make_pipe(pipe);
  shell("a", "read -r line <" + pipe.string());
  const std::regex age("running, \\d+m?s");
  for (const char* const command : {"list", "why", "show"}) {
    std::vector<std::string> arguments{command};
    if (arguments[0] != "list") arguments.emplace_back("a");
    const std::string said = ok(arguments);
    EXPECT_TRUE(std::regex_search(said, age)) << said;
  }
  const std::string history = ok({"history"});
  EXPECT_TRUE(std::regex_search(history, std::regex("\\d+m?s +running"))) << history;
  std::ofstream(pipe) << "x\n";
}

TEST_F(OnATerminal, SentencesBreakAtSpaces) {
  ok({"conditions", "override", "charging=no", "network=metered"});
  shell("a", ":", {"--charging", "--network", "unmetered"});
  Terminal why(40, 24, wm_with({"why", "a", "--color", "never"}));
  EXPECT_EQ(why.finish(), 0);
  EXPECT_TRUE(why.text().starts_with("'a' waits for an unmetered network and\nexternal power\n"))
      << why.text();
  Terminal past(40, 24, wm_with({"why", "a", "--at", "1h", "--color", "never"}));
  EXPECT_EQ(past.finish(), 0);
  std::istringstream lines(past.text());
  std::string first;
  std::getline(lines, first);
  EXPECT_LE(first.size(), 40U) << past.text();
}

TEST_F(OnATerminal, AForecastSaysWhatWouldNotRun) {
  ok({"conditions", "override", "charging=no"});
  for (const char* const name : {"often", "held", "late"}) {
    std::vector<std::string> words{"every", "1h", name, "--initial-delay", "10m"};
    if (name == std::string("held")) words.emplace_back("--charging");
    if (name == std::string("late")) words[4] = "2d";
    words.insert(words.end(), {"--", "true"});
    ok(words);
  }
  const std::string text = shown({"forecast", "--color", "never"});
  EXPECT_NE(text.find("often  23 more until "), std::string::npos) << text;
  const std::size_t held = text.find("\n\nWould not run, as things are:\n");
  ASSERT_NE(held, std::string::npos) << text;
  EXPECT_NE(text.find("held  external power", held), std::string::npos) << text;
  EXPECT_EQ(text.find("late"), std::string::npos) << "it is not due: " << text;
  const auto lines = [&](const std::vector<std::string>& words) {
    const std::string all = shown(words);
    return std::ranges::count(all, '\n');
  };
  EXPECT_EQ(lines({"forecast", "--all", "often"}), 26) << "a sentence, titles, and each run";
  EXPECT_EQ(lines({"forecast", "often"}), 3);
  const std::string piped = ok({"forecast"});
  EXPECT_EQ(std::ranges::count(piped, '\n'), 25) << piped;
  EXPECT_EQ(piped.find("held"), std::string::npos) << piped;
  EXPECT_TRUE(json({"forecast", "often"}).as_array().size() == 24);
  fails(3, "no such job: 'oftn': did you mean 'often'?", {"forecast", "oftn"});
}

TEST_F(OnATerminal, AForecastShowsWhatRunsLateBesideWhatRunsOften) {
  ok({"pause", "--for", "20m"});
  ok({"every", "* * * * *", "minute", "--", "true"});
  ok({"once", "late", "--initial-delay", "23h", "--", "true"});
  EXPECT_NE(ok({"forecast", "late"}).find("late"), std::string::npos);
  const std::string text = shown({"forecast", "--color", "never"});
  EXPECT_NE(text.find("minute  14"), std::string::npos) << text;
  EXPECT_NE(text.find("  late"), std::string::npos) << text;
  const Output listed = wm({"forecast", "--json"});
  EXPECT_NE(listed.err.find("later ones of 'minute' are left out"), std::string::npos);
  EXPECT_EQ(boost::json::parse(listed.out).as_array().size(), 1000U);
}

TEST_F(OnATerminal, LessShowsNamesInEveryLocale) {
  later("备份");
  const std::map<std::string, std::string> pager{{"WM_PAGER", "echo set $LESSCHARSET; cat"},
                                                 {"LC_ALL", "C"}};
  EXPECT_NE(shown({"list"}, pager).find("set utf-8\n"), std::string::npos);
  auto latin = pager;
  latin["LESSCHARSET"] = "latin1";
  EXPECT_NE(shown({"list"}, latin).find("set latin1\n"), std::string::npos) << "as people say";
}

TEST_F(OnATerminal, TheDoctorHasSignsForEveryTerminal) {
  ok({"conditions", "override", "charging=no"});
  const std::string plain = shown({"doctor"}, {{"LC_ALL", "C"}});
  EXPECT_NE(plain.find("-> wm conditions clear"), std::string::npos) << plain;
  EXPECT_EQ(plain.find("→"), std::string::npos) << plain;
  EXPECT_NE(shown({"doctor"}).find("→ wm conditions clear"), std::string::npos);
}

TEST_F(OnATerminal, TimesAreRelativeUnlessDatesAreWanted) {
  later("a");
  for (const char* const command : {"show a", "status", "conditions", "forecast"}) {
    std::vector<std::string> arguments{"--color", "never"};
    std::istringstream words(command);
    for (std::string one; words >> one;) arguments.push_back(one);
    const std::regex date(R"(20\d\d-\d\d-\d\d \d\d:\d\d:\d\d)");
    const std::string relative = shown(arguments);
    EXPECT_FALSE(std::regex_search(relative, date)) << relative;
    arguments.emplace_back("--times");
    const std::string dates = shown(arguments);
    EXPECT_TRUE(std::regex_search(dates, date)) << dates;
  }
}

class WaitingOnATerminal : public OnATerminal {
 protected:
  WaitingOnATerminal() {
    make_pipe(ready_);
    make_pipe(go_);
    ok({"conditions", "override", "charging=no"});
    shell("a", std::string(WM_PROGRAM) + " progress 30 && echo ready >" + ready_.string() +
                   " && read -r line <" + go_.string());
    read_line(ready_);
  }
  void let_go() { std::ofstream(go_) << "go\n"; }

 private:
  std::filesystem::path ready_ = daemon_.path() / "ready";
  std::filesystem::path go_ = daemon_.path() / "go";
};

TEST_F(WaitingOnATerminal, ABarShowsHowFarEachJobIs) {
  shell("bb", ":", {"--charging"});
  Terminal terminal(60, 24, wm_with({"wait", "a", "bb"}));
  EXPECT_TRUE(terminal.await("a   ██████▁▁▁▁▁▁▁▁▁▁▁▁▁▁ 30 %")) << terminal.text();
  EXPECT_TRUE(terminal.await("bb  waits for external power")) << terminal.text();
  let_go();
  EXPECT_TRUE(terminal.await("'a' succeeded\r\n")) << "a line that stays";
  ok({"conditions", "override", "charging=yes"});
  EXPECT_TRUE(terminal.await("'bb' succeeded\r\n"));
  EXPECT_EQ(terminal.finish(), 0);
  EXPECT_TRUE(terminal.text().ends_with("\033[J'bb' succeeded\n")) << "and no bar";
}

TEST_F(WaitingOnATerminal, LinesThatANarrowerTerminalBreaksAreDrawnOver) {
  Terminal terminal(60, 24, wm_with({"wait", "a"}));
  EXPECT_TRUE(terminal.await("a  ██████▁▁▁▁▁▁▁▁▁▁▁▁▁▁ 30 %")) << terminal.text();
  terminal.resize(20, 24);
  let_go();
  EXPECT_TRUE(terminal.await("\033[2A")) << "28 columns are two rows of 20";
  EXPECT_EQ(terminal.finish(), 0);
}

TEST_F(WaitingOnATerminal, ManyJobsTakeNoMoreThanTheScreen) {
  std::vector<std::string> names{"wait", "a"};
  for (const char* const name : {"b", "c", "d", "e"}) {
    shell(name, ":", {"--charging"});
    names.emplace_back(name);
  }
  Terminal terminal(60, 4, wm_with(names), {{"LC_ALL", "C"}});
  EXPECT_TRUE(terminal.await("a  ######.............. 30 %")) << terminal.text();
  EXPECT_TRUE(terminal.await("~ 3 more")) << terminal.text();
  EXPECT_EQ(terminal.text().find("c  waits"), std::string::npos);
  terminal.type("\x03");
  EXPECT_EQ(terminal.finish(), 128 + SIGINT);
}

TEST_F(WaitingOnATerminal, InAPipeThereAreOnlyResults) {
  const auto waiting = daemon_.start_wm({"wait", "a"});
  const auto quiet = daemon_.start_wm({"wait", "--quiet", "a"});
  let_go();
  const Output told = waiting->finish();
  EXPECT_EQ(told.out, "'a' succeeded\n");
  EXPECT_EQ(told.err, "");
  const Output silent = quiet->finish();
  EXPECT_EQ(silent.status, 0);
  EXPECT_EQ(silent.out + silent.err, "");
  shell("f", "exit 1", {"--max-attempts", "1"});
  const Output failed = wm({"wait", "-q", "f"});
  EXPECT_EQ(failed.status, 1);
  EXPECT_EQ(failed.out + failed.err, "");
}

}  // namespace
}  // namespace wm
