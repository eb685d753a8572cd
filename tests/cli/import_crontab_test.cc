// `wm import crontab`: what becomes of each line of a table, and that wm apply takes all of it.
#include <random>

#include "cli/import/crontab.h"
#include "cli/import/job_name.h"
#include "tests/cli/import_support.h"

namespace wm::cli {
namespace {

const CrontabForm kUsers{.where = "crontab"};
const CrontabForm kSystems{.where = "/etc/crontab", .names_user = true};

std::vector<Entry> entries_of(std::string_view text, const CrontabForm& form = kUsers,
                              uid_t uid = 0) {
  return read_crontab(text, form, test_caller(uid));
}

WorkRequest job_of(std::string_view text, const CrontabForm& form = kUsers, uid_t uid = 0) {
  const auto jobs = jobs_of(entries_of(text, form, uid));
  EXPECT_EQ(jobs.size(), 1U) << text;
  return jobs.empty() ? WorkRequest{} : jobs.front();
}

std::string refusal_of(std::string_view text, const CrontabForm& form = kUsers, uid_t uid = 0) {
  Import import{.head = {}, .entries = entries_of(text, form, uid)};
  settle(import, test_caller(uid));
  return import.entries.empty() ? "nothing" : import.entries.front().refusal;
}

TEST(ImportCrontab, ALineOfShellBecomesAJobThatIsTriedOnce) {
  const WorkRequest job = job_of("  30 2 * * mon-fri\t/opt/backup.sh --full >/dev/null 2>&1\n");

  EXPECT_EQ(job.unique_name, "backup");
  EXPECT_EQ(job.command, (Arguments{"/bin/sh", "-c", "/opt/backup.sh --full >/dev/null 2>&1"}));
  EXPECT_EQ(job.calendar, "30 2 * * mon-fri");
  EXPECT_EQ(job.kind, WorkKind::periodic);
  EXPECT_EQ(job.max_attempts, 1) << "cron tries nothing again";
  EXPECT_EQ(job.terms.as, "");
  EXPECT_TRUE(job.env.empty());
}

TEST(ImportCrontab, VariablesCountFromTheirLineOn) {
  const auto jobs =
      jobs_of(entries_of("0 1 * * * a\n"
                         "SHELL=/bin/bash\n"
                         "PATH = \"/opt/a b:/bin\"  \n"
                         "'GREETING' = ' hello # you '\n"
                         "HOME=/srv/site\n"
                         "CRON_TZ=Europe/Berlin\n"
                         "WM_INPUT=x\n"
                         "LOGNAME=somebody\n"
                         "0 2 * * * b\n"));

  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_TRUE(jobs[0].env.empty());
  EXPECT_EQ(jobs[0].time_zone, "");
  EXPECT_EQ(jobs[1].command, (Arguments{"/bin/bash", "-c", "b"}));
  EXPECT_EQ(jobs[1].env, (std::map<std::string, std::string>{{"SHELL", "/bin/bash"},
                                                             {"PATH", "/opt/a b:/bin"},
                                                             {"GREETING", " hello # you "},
                                                             {"HOME", "/srv/site"}}));
  EXPECT_EQ(jobs[1].cwd, "/srv/site");
  EXPECT_EQ(jobs[1].time_zone, "Europe/Berlin");
}

TEST(ImportCrontab, WhatIsNotCarriedOverStandsBesideTheJob) {
  const std::string text =
      written(entries_of("MAILTO=ann\nRANDOM_DELAY=20\n\n# m h  dom mon dow   command\n"
                         "# Tells ann.\n0 9 * * * report\n"));

  EXPECT_NE(text.find("# Tells ann.\n"
                      "# crontab:6: 0 9 * * * report\n"
                      "# ! MAILTO=ann: wm sends no mail; see [notify] in wmd.toml(5)\n"
                      "# ! RANDOM_DELAY=20: wm adds no random delay\n"
                      "[[work]]\nname = \"report\"\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("dow"), std::string::npos) << "the headline of the table says nothing here";
  EXPECT_EQ(written(entries_of("MAILTO=\"\"\n0 9 * * * report\n")).find("mail"), std::string::npos)
      << "nobody wanted mail";
}

TEST(ImportCrontab, APercentSignBeginsTheInput) {
  EXPECT_EQ(job_of("0 9 * * * date +\\%F\\\\n").command,
            (Arguments{"/bin/sh", "-c", "date +%F\\n"}));
  EXPECT_EQ(job_of("SHELL=/bin/bash\n0 9 * * * mail -s 'a b' ann%Hello,%%it's 5\\% off\\n").command,
            (Arguments{"/bin/sh", "-c",
                       "printf '%s\\n' 'Hello,' '' 'it'\\''s 5% off\\n' | /bin/bash -c "
                       "'mail -s '\\''a b'\\'' ann'"}));
}

TEST(ImportCrontab, TheSystemsFormNamesAUser) {
  EXPECT_EQ(
      job_of("17 * * * *\troot\tcd / && run-parts --report /etc/cron.hourly", kSystems).unique_name,
      "cron.hourly");
  EXPECT_EQ(job_of("@daily munin /usr/bin/munin-cron", kSystems).terms.as, "munin");
  EXPECT_EQ(job_of("@daily ann x", kSystems, 1000).terms.as, "") << "ann herself imports it";
  EXPECT_EQ(refusal_of("@daily munin x", kSystems, 1000),
            "it runs as munin: only root can import it");
  EXPECT_EQ(refusal_of("@daily nobody-of-that-name x", kSystems),
            "there is no user 'nobody-of-that-name' on this machine");
  EXPECT_EQ(refusal_of("@daily ann", kSystems),
            "five fields or @WORD, a user and a command are expected");
}

TEST(ImportCrontab, ThePathTellsTheForm) {
  EXPECT_TRUE(crontab_form("/etc/crontab").names_user);
  EXPECT_TRUE(crontab_form("/etc/cron.d/../cron.d/php").names_user);
  EXPECT_FALSE(crontab_form("/etc/cron.d.old/php").names_user);
  EXPECT_EQ(crontab_form("/var/spool/cron/crontabs/ann").user, "ann");
  EXPECT_EQ(job_of("@daily x", crontab_form("/var/spool/cron/crontabs/ann")).terms.as, "ann");
}

TEST(ImportCrontab, WhatCannotBecomeAJobSaysWhy) {
  EXPECT_EQ(refusal_of("@reboot x"), "wm has nothing yet that starts a job at the boot");
  EXPECT_TRUE(refusal_of("61 * * * * x").starts_with("'61' is no minute"));
  EXPECT_TRUE(refusal_of("0 0 30 feb * x").ends_with("no month has that day"));
  EXPECT_TRUE(refusal_of("0~30 1 * * * x").starts_with("'0~30' is no minute"));
  EXPECT_EQ(refusal_of("0 1 * * *"), "five fields or @WORD, and a command are expected");
  EXPECT_EQ(refusal_of("CRON_TZ=Mars/Base\n0 1 * * * x"),
            "there is no time zone 'Mars/Base' in /usr/share/zoneinfo");
  EXPECT_EQ(refusal_of("0 1 * * * \xff"), "it is not UTF-8");
  EXPECT_EQ(refusal_of("SHELL=/missing/sh\n0 1 * * * x"), "there is no program /missing/sh");
  EXPECT_EQ(refusal_of("SHELL=\n0 1 * * * x"),
            "command: no command '' in PATH: name an executable file, "
            "or correct PATH");
}

TEST(ImportCrontab, NamesAreThoseOfTheProgramsThatDoTheWork) {
  const std::pair<const char*, const char*> names[]{
      {"test -x /usr/bin/certbot -a \\! -d /x && perl -e 'sleep int(rand(9))' && certbot -q renew",
       "certbot"},
      {"[ -x /opt/a ] && if [ ! -d /b ]; then /opt/a/sessionclean; fi", "sessionclean"},
      {"d=$({ cat /etc/a || true; } | sed 's/(//'); cd \"$d\" && find . -delete", "find"},
      {"command -v sa1 >/dev/null && sa1 1 1", "sa1"},
      {"flock -n /run/lock/x nice -n 19 ionice -c3 /opt/sync.sh", "sync"},
      {"bash -lc 'cd ~/a && ./build-docs now'", "build-docs"},
      {"/usr/bin/python3 -u /srv/fetch.py --all", "fetch"},
      {"A=1 B='2 3' timeout 10m php -f /srv/cron.php", "cron"},
      {"echo hello", "echo"},
      {"\"/opt/my program/run it\"", "run it"},
      {"# nothing", "#"},
      {"", ""},
  };
  for (const auto& [line, name] : names) EXPECT_EQ(name_of_command(line), name) << line;
  EXPECT_EQ(valid_job_name(" run  it/\xc3\xa9\n"), "run-it");
  EXPECT_EQ(valid_job_name("##"), "job");
}

TEST(ImportCrontab, NamesAreUnique) {
  const auto jobs = jobs_of(entries_of("0 1 * * * a\n0 2 * * * a\n0 3 * * * b-2\n0 4 * * * a\n"));
  ASSERT_EQ(jobs.size(), 4U);
  EXPECT_EQ(jobs[1].unique_name, "a-2");
  EXPECT_EQ(jobs[3].unique_name, "a-3");
}

// Whatever stands in a table, its import is a file that wm apply accepts: jobs_of() sees to it.
TEST(ImportCrontab, AnyTableBecomesAFileThatApplyTakes) {
  const std::vector<std::string> parts{
      "*",       "*/5",       "1-5",      "mon",  "@daily", "@",    "root",   "ann",
      "MAILTO=", "PATH=/bin", "HOME=",    "=",    "\"",     "'",    "'''",    "\\",
      "%",       "\\%",       "\n",       "\n\n", " ",      "\t",   "#",      "0",
      "59",      "\x01",      "\x7f",     "é",    "\xff",   "\r\n", "[[",     "]]",
      "\"\"\"",  "$(",        "`",        "/a/b", "&&",     ";",    "SHELL=", "\xe2\x80\xae",
      "WM_A=",   "x='y",      "CRON_TZ=", "UTC",  "-",      "~",    "feb 30", std::string(1, '\0')};
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (std::size_t length = random() % 40; length > 0; --length) {
      if (random() % 4 == 0) text += "\n0 1 * * * ";
      text += parts[random() % parts.size()];
      if (random() % 2 == 0) text += ' ';
    }
    jobs_of(entries_of(text, random() % 2 == 0 ? kUsers : kSystems, random() % 2 == 0 ? 0 : 1000));
  }
}

}  // namespace
}  // namespace wm::cli
