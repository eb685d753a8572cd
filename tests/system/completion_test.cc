// The words that a shell offers next.
#include "tests/system/commands.h"

namespace wm {
namespace {

class Completion : public Commands {
 protected:
  // Completes a command line whose last word is incomplete.
  std::string bash_offers(std::vector<std::string> words) {
    const std::string script = "PATH=" + std::filesystem::path(WM_PROGRAM).parent_path().string() +
                               ":$PATH; export WM_SOCKET=" + daemon_.socket() +
                               "; source <(wm completion bash); COMP_WORDS=(\"$@\"); "
                               "COMP_CWORD=$(($# - 1)); _wm_complete; "
                               "printf '%s\\n' \"${COMPREPLY[@]}\"";
    words.insert(words.begin(), {"bash", "-c", script, "bash"});
    return run_program(words).out;
  }
};

TEST_F(Completion, OffersCommandsOptionsAndWords) {
  EXPECT_EQ(bash_offers({"wm", "hist"}), "history\n");
  EXPECT_EQ(bash_offers({"wm", "--json", "history", "--fa"}), "--failed\n");
  EXPECT_EQ(bash_offers({"wm", "register-oneoff", "x", "--existing", "app"}),
            "append\nappend-or-replace\n");
  EXPECT_EQ(bash_offers({"wm", "register-oneoff", "x", "--network", "n"}),
            "not-required\nnot-roaming\n");
  EXPECT_EQ(bash_offers({"wm", "daemon", "re"}), "reexec\n");
  EXPECT_EQ(bash_offers({"wm", "completion", "f"}), "fish\n");
}

TEST_F(Completion, OffersTheNamesOfWorks) {
  ok({"register-oneoff", "backup", "--initial-delay", "1h", "--", "/bin/true"});
  EXPECT_EQ(bash_offers({"wm", "show", "ba"}), "backup\n");
  EXPECT_EQ(bash_offers({"wm", "register-oneoff", "b", "--after", "ba"}), "backup\n");
  EXPECT_EQ(bash_offers({"wm", "prune", "--state", "ba"}), "backup\n");
  EXPECT_EQ(bash_offers({"wm", "list", "--state", "bl"}), "blocked\n");
}

// Names that a shell would run, expand, split or take for an option.
class HostileNames : public Completion {
 protected:
  HostileNames() {
    for (const std::string& name : names_) {
      ok({"register-oneoff", name, "--initial-delay", "1h", "--", "/bin/true"});
    }
  }

  std::string shell(const std::string& program, const std::string& script) {
    const std::string path = "PATH='" + std::filesystem::path(WM_PROGRAM).parent_path().string() +
                             "':\"$PATH\"; export WM_SOCKET='" + daemon_.socket() + "'; ";
    const std::string fish = "set -x PATH '" +
                             std::filesystem::path(WM_PROGRAM).parent_path().string() +
                             "' $PATH; set -x WM_SOCKET '" + daemon_.socket() + "'; ";
    return run_program({program, program == "fish" ? "--no-config" : "-f", "-c",
                        (program == "fish" ? fish : path) + script})
        .out;
  }

  const std::filesystem::path trap_ = daemon_.path() / "trapped";
  const std::vector<std::string> names_{"$(touch${IFS}" + trap_.string() + ")",
                                        "`touch " + trap_.string() + "`",
                                        "it's",
                                        "two words",
                                        "\"double\"",
                                        "*",
                                        "a;touch " + trap_.string(),
                                        "$HOME",
                                        "~"};
};

TEST_F(HostileNames, AreOfferedByBashAsOneMustTypeThem) {
  const std::string offered = bash_offers({"wm", "show", ""});

  EXPECT_FALSE(std::filesystem::exists(trap_)) << "completing has run what a name says";
  // The offered words are typed again: each is one word, and the name itself.
  const auto file = daemon_.path() / "offered";
  std::ofstream(file) << offered;
  const Output typed =
      run_program({"bash", "-c", "eval \"set -- $(tr '\\n' ' ' <\"$1\")\"; printf '%s\\n' \"$@\"",
                   "bash", file.string()});
  for (const std::string& name : names_) {
    EXPECT_NE(("\n" + typed.out).find("\n" + name + "\n"), std::string::npos) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(trap_)) << "it is run once it is typed";
}

TEST_F(HostileNames, AreNotOfferedByBashWithinQuotesUnlessTheyAreSafeThere) {
  EXPECT_EQ(bash_offers({"wm", "show", "'two"}), "two words\n");
  EXPECT_EQ(bash_offers({"wm", "show", "\"$"}), "\n");
}

TEST_F(HostileNames, AreOfferedByFish) {
  if (run_program({"sh", "-c", "command -v fish"}).status != 0) GTEST_SKIP() << "no fish";
  const std::string offered = shell("fish", "wm completion fish | source; complete -C 'wm show '");
  for (const std::string& name : {names_[0], names_[1], names_[6]}) {
    EXPECT_NE(offered.find(name.substr(name.size() - 8)), std::string::npos) << offered;
  }
  EXPECT_FALSE(std::filesystem::exists(trap_));
}

TEST_F(HostileNames, AreOfferedByZsh) {
  if (run_program({"sh", "-c", "command -v zsh"}).status != 0) GTEST_SKIP() << "no zsh";
  // These are the words that zsh's own compadd would get.
  const std::string offered =
      shell("zsh",
            "compdef() { : }; compadd() { print -rl -- \"${(@P)2}\" }; "
            "source <(wm completion zsh); words=(wm show ''); CURRENT=3; _wm");
  for (const std::string& name : names_) {
    EXPECT_NE(("\n" + offered).find("\n" + name + "\n"), std::string::npos) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(trap_));
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
