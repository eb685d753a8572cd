// What a shell offers for the next word.
#include "tests/system/commands.h"

namespace wm {
namespace {

class Completion : public Commands {
 protected:
  // After these words of a command line, of which the last is not whole.
  std::string bash_offers(std::vector<std::string> words) {
    const std::string script = "PATH=" + std::filesystem::path(WM_PROGRAM).parent_path().string() +
                               ":$PATH; export WM_SOCKET=" + daemon_.socket() +
                               "; source <(wm completion bash); COMP_WORDS=(\"$@\"); "
                               "COMP_CWORD=$(($# - 1)); _wm_complete; "
                               "echo ${COMPREPLY[*]}";
    words.insert(words.begin(), {"bash", "-c", script, "bash"});
    return run_program(words).out;
  }
};

TEST_F(Completion, OffersCommandsOptionsAndWords) {
  EXPECT_EQ(bash_offers({"wm", "hist"}), "history\n");
  EXPECT_EQ(bash_offers({"wm", "--json", "history", "--fa"}), "--failed\n");
  EXPECT_EQ(bash_offers({"wm", "register-oneoff", "x", "--existing", "app"}),
            "append append-or-replace\n");
  EXPECT_EQ(bash_offers({"wm", "register-oneoff", "x", "--network", "n"}),
            "not-required not-roaming\n");
  EXPECT_EQ(bash_offers({"wm", "daemon", "re"}), "reexec\n");
  EXPECT_EQ(bash_offers({"wm", "completion", "f"}), "fish\n");
}

TEST_F(Completion, OffersTheNamesOfWorks) {
  ok({"register-oneoff", "backup", "--initial-delay", "1h", "--", "/bin/true"});
  EXPECT_EQ(bash_offers({"wm", "show", "ba"}), "backup\n");
  EXPECT_EQ(bash_offers({"wm", "register-oneoff", "b", "--after", "ba"}), "backup\n");
}

TEST_F(Completion, TheScriptsAreOnesOfTheirShells) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const std::string script = ok({"completion", shell});
    EXPECT_NE(script.find("register-oneoff"), std::string::npos);
    const auto file = daemon_.path() / shell;
    std::ofstream(file) << script;
    if (run_program({"sh", "-c", "command -v " + shell}).status != 0) continue;
    const Output checked = run_program({shell, "-n", file.string()});
    EXPECT_EQ(checked.status, 0) << checked.err;
  }
  fails(2, "bash, zsh, fish", {"completion", "tcsh"});
}

}  // namespace
}  // namespace wm
