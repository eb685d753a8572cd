// `wm import at` and `wm import anacron`.
#include <random>

#include "cli/import/anacron.h"
#include "cli/import/at.h"
#include "cli/render/local_time.h"
#include "tests/cli/import_support.h"

namespace wm::cli {
namespace {

const std::string kScript =
    "#!/bin/sh\n# atrun uid=1000 gid=1000\n# mail ann 0\numask 27\n"
    "PATH=/usr/bin:/bin; export PATH\nHOME=/home/ann; export HOME\n"
    "SSH_AUTH_SOCK=/tmp/s; export SSH_AUTH_SOCK\nTITLE=a\\ b\\;\"\n\"c; export TITLE\n"
    "cd /home/ann/my\\ site || {\n\t echo 'Execution directory inaccessible' >&2\n\t exit 1\n}\n"
    "./build.sh --all\necho done\n\n";

Entry job_at(const std::string& line, const std::string& script = kScript, uid_t uid = 0) {
  return read_at_job(line, script, test_caller(uid), TimePoint{});
}

TEST(ImportAt, AJobKeepsItsTimeItsDirectoryAndItsVariables) {
  const Entry entry = job_at("12\tMon Nov 30 09:05:00 2026 a ann");
  const auto jobs = jobs_of({entry});
  ASSERT_EQ(jobs.size(), 1U);

  EXPECT_EQ(jobs[0].unique_name, "at-12-build");
  EXPECT_EQ(jobs[0].kind, WorkKind::oneoff);
  EXPECT_EQ(local_time(jobs[0].at.value()), "2026-11-30 09:05:00");
  EXPECT_EQ(jobs[0].command, (Arguments{"/bin/sh", "-c", "./build.sh --all\necho done"}));
  EXPECT_EQ(jobs[0].terms.umask, 027);
  EXPECT_EQ(jobs[0].cwd, "/home/ann/my site");
  EXPECT_EQ(jobs[0].env,
            (std::map<std::string, std::string>{{"PATH", "/usr/bin:/bin"}, {"TITLE", "a b;\nc"}}));
  EXPECT_EQ(jobs[0].terms.as, "ann");
  EXPECT_EQ(jobs[0].terms.nice, std::nullopt);
  EXPECT_EQ(entry.notes, Arguments{"SSH_AUTH_SOCK: left out, a run has its own or none"});
}

TEST(ImportAt, WhatIsDifferentIsSaid) {
  EXPECT_EQ(job_at("12\tMon Nov 30 09:05:00 2026 = ann").refusal, "it is running now");
  EXPECT_EQ(job_at("12\tMon Nov 30 09:05:00 2026 a munin", kScript, 1000).refusal,
            "it runs as munin: only root can import it");
  EXPECT_EQ(job_at("garbage").refusal, "that line of atq cannot be read");
  const Entry strange = job_at("3\tMon Nov 30 09:05:00 2026 b ann", "cd /x\nfoo\n");
  EXPECT_EQ(strange.request.command, (Arguments{"/bin/sh", "-c", "cd /x\nfoo\n"}));
  EXPECT_EQ(strange.request.terms.nice, 2) << "atd gives it that";
  const Entry late = read_at_job("3\tMon Nov 30 09:05:00 2026 a ann", kScript, test_caller(),
                                 std::chrono::sys_days{std::chrono::year{2027} / 1 / 1});
  EXPECT_EQ(late.notes.front(), "that time has passed: it runs at once");
}

TEST(ImportAt, AnyScriptBecomesAFileThatApplyTakes) {
  std::mt19937 random(3);
  for (int i = 0; i < 1000; ++i) {
    std::string line = "12\tMon Nov 30 09:05:00 2026 a ann";
    std::string script = kScript;
    for (std::size_t count = random() % 6; count > 0; --count) {
      std::string& text = random() % 4 == 0 ? line : script;
      if (!text.empty()) text[random() % text.size()] = static_cast<char>(random() % 256);
      if (random() % 3 == 0) text.resize(random() % (text.size() + 1));
    }
    jobs_of({job_at(line, script)});
  }
}

std::vector<Entry> anacron(std::string_view text, const std::string& user = "root") {
  return read_anacrontab(text, "anacrontab", user, test_caller());
}

TEST(ImportAnacron, APeriodOfDaysBecomesAPeriod) {
  const auto jobs =
      jobs_of(anacron("SHELL=/bin/sh\nPATH=/bin\nSTART_HOURS_RANGE=3-22\n"
                      "1\t5\tcron.daily\tnice run-parts --report /etc/cron.daily\n"
                      "@weekly 10 tidy tidy --all\n@monthly 0 report report\n"));
  ASSERT_EQ(jobs.size(), 3U);
  EXPECT_EQ(jobs[0].unique_name, "cron.daily");
  EXPECT_EQ(jobs[0].every, 24h);
  EXPECT_EQ(jobs[0].cadence, Cadence::fixed);
  EXPECT_EQ(jobs[0].command,
            (Arguments{"/bin/sh", "-c", "nice run-parts --report /etc/cron.daily"}));
  EXPECT_EQ(jobs[0].cwd, "/");
  EXPECT_EQ(jobs[0].env,
            (std::map<std::string, std::string>{{"SHELL", "/bin/sh"}, {"PATH", "/bin"}}));
  EXPECT_EQ(jobs[1].every, 7 * 24h);
  EXPECT_EQ(jobs[2].calendar, "@monthly");
}

TEST(ImportAnacron, WhatCannotBecomeAJobSaysWhy) {
  EXPECT_EQ(anacron("x 5 a b").front().refusal,
            "'x' is no period: a number of days, @daily, @weekly, @monthly");
  EXPECT_EQ(anacron("1 5 a").front().refusal,
            "a period, a delay in minutes, an identifier and a command are expected");
  EXPECT_EQ(anacron("0 5 a b").front().refusal,
            "'0' is no period: a number of days, @daily, @weekly, @monthly");
  jobs_of(anacron("99999999 5 a b\n1 5 \x01 b\n1 5 a \xff\n@yearly 1 a b\n"));
}

}  // namespace
}  // namespace wm::cli
