// The words that a shell offers next.
#include <algorithm>

#include "tests/support/terminal.h"
#include "tests/system/commands.h"

namespace wm {
namespace {

class Completion : public Commands {
 protected:
  explicit Completion(const std::string& configuration = TestDaemon::kConfiguration)
      : Commands(configuration) {}

  std::string folder() const { return std::filesystem::path(WM_PROGRAM).parent_path().string(); }

  // Completes a command line whose last word is incomplete.
  std::string bash_offers(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
    return bash_offers(line, words);
  }
  // The same for a line that bash cuts into those words.
  std::string bash_offers(const std::string& line, std::vector<std::string> words) {
    const std::string script = "PATH=" + folder() + ":$PATH; export WM_SOCKET=" + daemon_.socket() +
                               "; source <(wm completion bash); COMP_LINE=$1; shift; "
                               "COMP_POINT=${#COMP_LINE}; COMP_WORDS=(\"$@\"); "
                               "COMP_CWORD=$(($# - 1)); _wm_complete; "
                               "printf '%s\\n' \"${COMPREPLY[@]}\"";
    words.insert(words.begin(), {"bash", "-c", script, "bash", line});
    return run_program(words).out;
  }

  // What the shell prints for the script, in which it finds wm and the daemon.
  std::string shell(const std::string& program, const std::string& script) {
    const bool fish = program == "fish";
    const std::string path =
        fish ? "set -x PATH '" + folder() + "' $PATH; set -x WM_SOCKET '" + daemon_.socket() +
                   "'; wm completion fish | source; "
             : "PATH='" + folder() + "':\"$PATH\"; export WM_SOCKET='" + daemon_.socket() + "'; ";
    return run_program({program, fish ? "--no-config" : "-f", "-c", path + script}).out;
  }

  // The words that zsh's own _describe would get for a command line that ends there.
  std::string zsh_offers(const std::string& words) {
    return shell("zsh",
                 "compdef() { : }; _describe() { print -rl -- \"${(@P)2}\" }; "
                 "source <(wm completion zsh); words=(" +
                     words + "); CURRENT=$#words; PREFIX=$words[-1]; _wm");
  }

  static bool has_shell(const std::string& name) {
    return run_program({"sh", "-c", "command -v " + name}).status == 0;
  }
};

// A shell of their own, in which people press the tabulator.
class TypedInAShell : public Completion {
 protected:
  // Types the keys, and returns what the shell then calls wm with: each word in brackets.
  std::string called_with(const std::vector<std::string>& command, const std::string& load,
                          const std::string& keys) {
    Terminal terminal(80, 24, command,
                      {{"WM_SOCKET", daemon_.socket()},
                       {"HOME", daemon_.path().string()},
                       {"PATH", folder() + ":" + std::getenv("PATH")}});
    terminal.type(load +
                  "; wm() { if [ \"$1\" = complete ]; then command wm \"$@\"; else "
                  "printf '[%s]' \"$@\"; echo END; fi; }; echo RE''ADY\n");
    EXPECT_TRUE(terminal.await("READY")) << terminal.text();
    terminal.type(keys);
    // An offer has come before the line ends: the shell shows the rest of it.
    EXPECT_TRUE(terminal.await("]END")) << terminal.text();
    const std::string text = terminal.text();
    const std::size_t end = text.rfind("]END");
    const std::size_t start = text.rfind('\n', end) + 1;
    return text.substr(text.find('[', start), end + 1 - text.find('[', start));
  }
  std::string in_bash(const std::string& keys) {
    return called_with({"bash", "--norc", "--noprofile", "-i"},
                       "bind 'set enable-bracketed-paste off'; source <(wm completion bash)", keys);
  }
  std::string in_zsh(const std::string& keys) {
    return called_with(
        {"zsh", "-f", "-i"},
        "unsetopt zle_bracketed_paste; PS1='$ '; autoload -Uz compinit; compinit -u -D; "
        "source <(wm completion zsh)",
        keys);
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

TEST_F(Completion, BashCutsWordsWhereOthersDoNot) {
  ok({"register-oneoff", "a:b", "--tag", "night", "--initial-delay", "1h", "--", "/bin/true"});
  EXPECT_EQ(bash_offers("wm list --state=bl", {"wm", "list", "--state", "=", "bl"}), "blocked\n");
  EXPECT_EQ(bash_offers("wm list --color=", {"wm", "list", "--color", "="}),
            "auto\nalways\nnever\n");
  EXPECT_EQ(bash_offers("wm show a:", {"wm", "show", "a", ":"}), "b\n");
  EXPECT_EQ(bash_offers("wm show a", {"wm", "show", "a"}), "a:b\n");
  EXPECT_EQ(bash_offers("wm list --tag=\"n", {"wm", "list", "--tag", "=", "\"n"}), "night\n");
  EXPECT_EQ(bash_offers("wm conditions override idle=n",
                        {"wm", "conditions", "override", "idle", "=", "n"}),
            "no\n");
}

TEST_F(Completion, OffersTheNamesOfWorks) {
  ok({"register-oneoff", "backup", "--initial-delay", "1h", "--", "/bin/true"});
  EXPECT_EQ(bash_offers({"wm", "show", "ba"}), "backup\n");
  EXPECT_EQ(bash_offers({"wm", "register-oneoff", "b", "--after", "ba"}), "backup\n");
  EXPECT_EQ(bash_offers({"wm", "prune", "--state", "ba"}), "backup\n");
  EXPECT_EQ(bash_offers({"wm", "list", "--state", "bl"}), "blocked\n");
}

class LiveNames : public Completion {
 protected:
  LiveNames()
      : Completion(std::string(TestDaemon::kConfiguration) +
                   "[tasks.sync]\ncommand = [\"/bin/echo\", \"a\\tb\"]\n"
                   "[conditions.vpn]\ncommand = [\"/bin/true\"]\n"
                   "[conditions.nas]\ncommand = [\"/bin/true\"]\n") {
    ok({"register-oneoff", "open", "--tag", "night", "--group", "disk", "--require", "vpn",
        "--initial-delay", "1h", "--", "/bin/true"});
    ok({"register-oneoff", "ended", "--tag", "day", "--initial-delay", "1h", "--", "/bin/true"});
    ok({"cancel", "ended"});
  }
  // What a shell hears, where WM_SOCKET names that socket.
  static std::string offers_at(const std::string& socket, std::vector<std::string> words) {
    words.insert(words.begin(), {WM_PROGRAM, "complete", "--"});
    const Output output = run_program(words, {{"WM_SOCKET", socket}});
    EXPECT_EQ(output.status, 0);
    EXPECT_EQ(output.err, "");
    return output.out;
  }
  std::string offers(const std::vector<std::string>& words) {
    return offers_at(daemon_.socket(), words);
  }
};

TEST_F(LiveNames, AreOfJobsThatTheCommandTakes) {
  EXPECT_EQ(offers({"show", ""}), "open\tenqueued\nended\tcancelled\n");
  EXPECT_EQ(offers({"wait", "open", ""}), "ended\tcancelled\n");
  for (const std::string command : {"cancel", "update", "edit", "run", "forecast"}) {
    EXPECT_EQ(offers({command, ""}), "open\tenqueued\n") << command;
  }
  EXPECT_EQ(offers({"retry", ""}), "ended\tcancelled\n");
}

TEST_F(LiveNames, AreOfTagsGroupsTasksAndConditions) {
  EXPECT_EQ(offers({"list", "--tag="}), "--tag=night\t\n--tag=day\t\n");
  EXPECT_EQ(offers({"cancel", "--tag", ""}), "night\t\n");
  EXPECT_EQ(offers({"pause", "--group", ""}), "disk\t\n");
  EXPECT_EQ(offers({"register-oneoff", "x", ""}), "sync\t/bin/echo 'a\\x09b'\n");
  EXPECT_EQ(offers({"list", "--task", ""}), "sync\t/bin/echo 'a\\x09b'\n");
  const std::string conditions = offers({"once", "--require", ""});
  EXPECT_TRUE(conditions.starts_with("nas\t\nvpn\t")) << "no job needs it yet: " << conditions;
  EXPECT_NE(offers({"conditions", "override", ""}).find("\ncustom.vpn=no\t\n"), std::string::npos);
}

TEST_F(LiveNames, AreThoseOfTheDaemonOnTheLine) {
  EXPECT_EQ(offers({"--socket", "/nowhere", "list", "--tag", ""}), "");
  EXPECT_EQ(offers_at("/nowhere", {"--socket", daemon_.socket(), "list", "--tag", ""}),
            "night\t\nday\t\n");
}

TEST_F(LiveNames, AreAtMostAThousand) {
  const auto file = daemon_.path() / "many.toml";
  std::ofstream jobs(file);
  for (int i = 0; i < 1'200; ++i) {
    jobs << "[[work]]\nname = 'j" << i << "'\ncommand = ['/bin/true']\ninitial-delay = '1h'\n";
  }
  jobs.close();
  ok({"apply", file.string()});
  const std::string offered = offers({"show", ""});
  EXPECT_EQ(std::ranges::count(offered, '\n'), 1'000);
}

TEST_F(LiveNames, StartNoDaemon) {
  const auto runtime = daemon_.path() / "runtime";
  std::filesystem::create_directory(runtime);
  std::filesystem::permissions(runtime, std::filesystem::perms::owner_all);
  const Output asked = run_program({WM_PROGRAM, "complete", "--", "--user", "show", ""},
                                   {{"XDG_RUNTIME_DIR", runtime.string()},
                                    {"XDG_STATE_HOME", runtime.string()},
                                    {"WM_SOCKET", ""}});
  EXPECT_EQ(asked.status, 0);
  EXPECT_EQ(asked.err, "");
  EXPECT_TRUE(std::filesystem::is_empty(runtime));
}

TEST_F(LiveNames, HaveDescriptionsInZshAndFish) {
  if (has_shell("zsh")) {
    EXPECT_EQ(zsh_offers("wm show ''"), "open:enqueued\nended:cancelled\n");
    EXPECT_EQ(zsh_offers("wm list --color=a"), "--color=auto\n--color=always\n--color=never\n");
  }
  if (has_shell("fish")) {
    EXPECT_EQ(shell("fish", "complete -C 'wm show o'"), "open\tenqueued\n");
    EXPECT_EQ(shell("fish", "complete -C 'wm hist'"), "history\tList runs, newest first\n");
    EXPECT_EQ(shell("fish", "complete -C 'wm list --color=au'"), "--color=auto\n");
    EXPECT_EQ(shell("fish", "complete -C 'wm once --cwd=/et'"), "--cwd=/etc/\tDirectory\n");
    EXPECT_EQ(shell("fish", "complete -C 'wm apply /etc/passw'").substr(0, 11), "/etc/passwd");
    EXPECT_NE(shell("fish", "complete -C 'wm once -- mkdi'").find("mkdir"), std::string::npos);
  }
}

TEST_F(TypedInAShell, BashCompletesNamesValuesFilesAndCommands) {
  ok({"register-oneoff", "it's $HOME", "--initial-delay", "1h", "--", "/bin/true"});
  std::ofstream(daemon_.path() / "jobs file.toml") << '\n';
  EXPECT_EQ(in_bash("wm show it\t\n"), "[show][it's $HOME]");
  EXPECT_EQ(in_bash("wm list --state=bl\t\n"), "[list][--state=blocked]");
  EXPECT_EQ(in_bash("wm apply ~/jobs\t\n"),
            "[apply][" + (daemon_.path() / "jobs file.toml").string() + "]");
  EXPECT_EQ(in_bash("wm once -- mkfif\t\n"), "[once][--][mkfifo]");
}

TEST_F(TypedInAShell, ZshCompletesNamesValuesFilesAndCommands) {
  if (!has_shell("zsh")) GTEST_SKIP() << "no zsh";
  ok({"register-oneoff", "it's $HOME:\\n", "--initial-delay", "1h", "--", "/bin/true"});
  std::ofstream(daemon_.path() / "jobs file.toml") << '\n';
  EXPECT_EQ(in_zsh("wm show it\t\n"), "[show][it's $HOME:\\n]");
  EXPECT_EQ(in_zsh("wm list --state=bl\t\n"), "[list][--state=blocked]");
  EXPECT_EQ(in_zsh("wm apply ~/jobs\t\n"),
            "[apply][" + (daemon_.path() / "jobs file.toml").string() + "]");
  EXPECT_EQ(in_zsh("wm once -- mkfif\t\n"), "[once][--][mkfifo]");
}

// Names that a shell would run, expand, split or take for an option.
class HostileNames : public Completion {
 protected:
  HostileNames() {
    for (const std::string& name : names_) {
      ok({"register-oneoff", name, "--initial-delay", "1h", "--", "/bin/true"});
    }
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
  if (!has_shell("fish")) GTEST_SKIP() << "no fish";
  const std::string offered = shell("fish", "complete -C 'wm show '");
  for (const std::string& name : {names_[0], names_[1], names_[6]}) {
    EXPECT_NE(offered.find(name.substr(name.size() - 8)), std::string::npos) << offered;
  }
  EXPECT_FALSE(std::filesystem::exists(trap_));
}

TEST_F(HostileNames, AreOfferedByZsh) {
  if (!has_shell("zsh")) GTEST_SKIP() << "no zsh";
  const std::string offered = zsh_offers("wm show ''");
  for (const std::string& name : names_) {
    EXPECT_NE(("\n" + offered).find("\n" + name + ":enqueued\n"), std::string::npos) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(trap_));
}

TEST_F(Completion, TheScriptsAreOnesOfTheirShells) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const std::string script = ok({"completion", shell});
    EXPECT_NE(script.find("wm complete -- "), std::string::npos);
    const auto file = daemon_.path() / shell;
    std::ofstream(file) << script;
    if (!has_shell(shell)) continue;
    const Output checked = run_program({shell, "-n", file.string()});
    EXPECT_EQ(checked.status, 0) << checked.err;
  }
  fails(2, "bash, zsh, fish", {"completion", "tcsh"});
  fails(2, "bash, zsh, fish", {"completion", "names"});
}

}  // namespace
}  // namespace wm
