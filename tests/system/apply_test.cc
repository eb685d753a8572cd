// Tests of the files that `wm apply` and `wm diff` take, and of the jobs that a prune spares.
#include "tests/system/commands.h"

namespace wm {
namespace {

class Applying : public Commands {
 protected:
  std::string file(const std::string& name, const std::string& text) const {
    const auto path = daemon_.path() / name;
    std::ofstream(path) << text;
    return path.string();
  }
  std::string later(const std::string& name) const {
    return file(name + ".toml",
                "[[work]]\nname = '" + name + "'\ncommand = ['true']\ninitial-delay = '1h'\n");
  }
};

TEST_F(Applying, FilesThatDeclareNothingAreRefused) {
  ok({"apply", later("a")});
  const std::string empty = file("empty.toml", "");
  const std::string comment = file("comment.toml", "# nothing\n");
  const std::string what = "empty.toml declares no [[work]]: jobs are cancelled by wm cancel";
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"apply", empty}, {"apply", "--prune", empty}, {"diff", "--prune", empty}}) {
    fails(2, what, command);
  }
  fails(2, "these files declare no [[work]]", {"apply", "--prune", empty, comment});
  EXPECT_EQ(text(json({"show", "a"}), "state"), "enqueued");
  EXPECT_EQ(ok({"apply", "--prune", empty, later("a")}), "1 unchanged\n");
}

TEST_F(Applying, AFileMayComeFromStandardInput) {
  const std::string toml = "[[work]]\nname = 'a'\ncommand = ['true']\ninitial-delay = '1h'\n";
  EXPECT_EQ(wm({"apply", "--dry-run", "-"}, toml).out, "would be enqueued 'a'\n");
  EXPECT_EQ(wm({"apply", "-"}, toml).out, "enqueued 'a'\n");
  const Output diff = wm({"diff", "-"}, toml + "priority = 2\n");
  EXPECT_EQ(diff.out, "would be updated 'a'\n+ priority = 2\n") << diff.err;
  EXPECT_EQ(wm({"apply", "-"}, "[[work]]\n").err.substr(0, 19), "wm: stdin: line 1: ");
  EXPECT_EQ(wm({"apply", "--prune", "-"}).err,
            "wm: standard input declares no [[work]]: jobs are cancelled by wm cancel\n");
}

TEST_F(Applying, APruneLeavesImportedJobsAlone) {
  const std::string table = "@daily /usr/bin/id\n";
  EXPECT_EQ(wm({"import", "crontab", "-", "--apply"}, table).out, "enqueued 'id'\n");
  EXPECT_EQ(ok({"apply", "--prune", later("a")}), "enqueued 'a'\n");
  EXPECT_EQ(wm({"import", "crontab", "-", "--apply"}, table).out, "1 unchanged\n");
  EXPECT_EQ(ok({"apply", "--prune", later("a")}), "1 unchanged\n");

  const std::string declared = file("id.toml", wm({"import", "crontab", "-"}, table).out);
  EXPECT_EQ(ok({"apply", declared}), "1 unchanged\n");
  EXPECT_EQ(ok({"apply", "--prune", later("a")}), "cancelled 'id'\n1 unchanged\n")
      << "since then a file declares it";
}

TEST_F(Applying, AnExportNamesEachJobOnce) {
  for (const char* const argument : {"1", "2", "3"}) {
    ok({"once", "a", "--existing", "append", "--initial-delay", "1h", "--", "echo", argument});
  }
  ok({"once", "b", "--initial-delay", "1h", "--", "true"});
  const std::string exported = ok({"export"});
  EXPECT_NE(exported.find("# Two older jobs named 'a' are left out: a file has one of each name.\n"
                          "[[work]]\nname = \"a\"\ncommand = [ \"/usr/bin/echo\", \"3\" ]\n"),
            std::string::npos)
      << exported;
  EXPECT_EQ(exported.find("\"2\""), std::string::npos) << exported;
  EXPECT_EQ(ok({"apply", file("exported.toml", exported)}), "2 unchanged\n");
}

}  // namespace
}  // namespace wm
