// Running again what has failed: by name, by tag, or all of it.
#include "tests/system/commands.h"

namespace wm {
namespace {

class Retrying : public Commands {
 protected:
  // A chain of a job that fails at once and one behind it.
  void fail_a_chain() {
    ok({"pause"});
    shell("a", "exit 65", {"--tag", "chain"});
    shell("b", ":", {"--tag", "chain", "--after", "a"});
    shell("c", "exit 65", {"--tag", "alone"});
    ok({"resume"});
    EXPECT_EQ(wm({"wait", "a", "b", "c"}).status, 1);
  }

  std::string state(const std::string& name) { return text(json({"show", name}), "state"); }
};

TEST_F(Retrying, AChainIsEnqueuedAsAWholeInAnyOrder) {
  fail_a_chain();
  ok({"pause"});
  EXPECT_EQ(ok({"retry", "b", "a", "a"}),
            "enqueued 'b', waits for 'a', which is enqueued\n"
            "enqueued 'a', waits for the end of a pause\n");
}

TEST_F(Retrying, OneNameThatCannotBeRetriedAndNoneIs) {
  fail_a_chain();
  shell("done", ":");
  ok({"wait", "done"});
  fails(6, "'done' has succeeded", {"retry", "a", "done"});
  fails(3, "no such job: 'nobody'", {"retry", "a", "nobody"});
  fails(6, "'b' comes after 'a', which has failed: retry that first", {"retry", "c", "b"});
  for (const char* const name : {"a", "b", "c"}) EXPECT_EQ(state(name), "failed") << name;
}

TEST_F(Retrying, WhatHasFailedIsFoundByItself) {
  fail_a_chain();
  EXPECT_EQ(wm({"retry", "--failed", "--since", "tomorrow"}).status, 2);
  ok({"pause"});
  EXPECT_EQ(ok({"retry", "--tag", "alone"}), "enqueued 'c', waits for the end of a pause\n");
  EXPECT_EQ(ok({"retry", "--failed", "--since", "1 hour ago"}),
            "enqueued 'a', waits for the end of a pause\n"
            "enqueued 'b', waits for 'a', which is enqueued\n");
  const Output none = wm({"retry", "--failed", "--tag", "chain"});
  EXPECT_EQ(none.status, 0);
  EXPECT_EQ(none.out, "");
  EXPECT_EQ(none.err, "wm: no failed jobs with the tag 'chain'\n");
  EXPECT_EQ(wm({"retry", "--failed"}).err, "wm: no failed jobs\n");
  EXPECT_EQ(json({"retry", "--failed"}).as_array().size(), 0U);
}

TEST_F(Retrying, WhatFailedWithACancelledJobComesWithIt) {
  shell("a", ":", {"--initial-delay", "1h"});
  ok({"cancel", "a"});
  shell("b", ":", {"--after", "a"});
  ok({"pause"});
  shell("c", "exit 65", {"--tag", "x"});
  shell("d", ":", {"--after", "c", "--tag", "y"});
  ok({"resume"});
  EXPECT_EQ(wm({"wait", "d"}).status, 1);
  ok({"pause"});
  EXPECT_EQ(ok({"retry", "--failed", "--tag", "y"}),
            "enqueued 'c', waits for the end of a pause\n"
            "enqueued 'd', waits for 'c', which is enqueued\n")
      << "a job needs its prerequisites, whatever their tags";
}

TEST_F(Retrying, NamesAndAChoiceExcludeEachOther) {
  const std::string what = "name the jobs, or use --failed or --tag TAG: see wm retry --help";
  fails(2, what, {"retry"});
  fails(2, what, {"retry", "a", "--failed"});
  fails(2, what, {"retry", "a", "--since", "monday"});
}

TEST_F(Retrying, RunAndWaitTakeATag) {
  ok({"once", "a", "--tag", "t", "--initial-delay", "1h", "--", "true"});
  ok({"once", "b", "--tag", "t", "--initial-delay", "1h", "--", "true"});
  ok({"once", "c", "--initial-delay", "1h", "--", "true"});
  ok({"pause"});
  EXPECT_EQ(ok({"run", "--tag", "t"}),
            "'a' runs next: it waits for the end of a pause\n"
            "'b' runs next: it waits for the end of a pause\n");
  ok({"resume"});
  EXPECT_EQ(wm({"wait", "--tag", "t", "--timeout", "1m"}).status, 0);
  EXPECT_EQ(wm({"run", "--tag", "x"}).err, "wm: no waiting jobs with the tag 'x'\n");
  EXPECT_EQ(wm({"wait", "--tag", "x"}).err, "wm: no unfinished jobs with the tag 'x'\n");
  EXPECT_EQ(ok({"wait", "--tag", "x", "--quiet"}), "");
  for (const char* const command : {"run", "wait"}) {
    fails(2, "name the jobs, or use --tag TAG: see wm " + std::string(command) + " --help",
          {command});
  }
}

}  // namespace
}  // namespace wm
