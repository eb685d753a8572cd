// `wm apply` registers again what `wm export` prints, over random sets of options.
#include <fstream>
#include <map>
#include <random>

#include "tests/support/sample_options.h"
#include "tests/support/terminal.h"
#include "tests/system/commands.h"

namespace wm {
namespace {

class Export : public Commands {
 protected:
  Export()
      : Commands(TestDaemon::kConfiguration + std::string("\n[conditions.night]\n"
                                                          "command = [\"/bin/true\"]\n"
                                                          "every = \"1h\"\n"
                                                          "[conditions.'b c']\n"
                                                          "command = [\"/bin/true\"]\n"
                                                          "every = \"1h\"\n"
                                                          "[conditions.a1]\n"
                                                          "command = [\"/bin/true\"]\n"
                                                          "every = \"1h\"\n")) {}
};

struct Registers {
  const char* command;
  Offers offers;
};
constexpr Registers kRegistering[]{{"register-oneoff", kOneoff},
                                   {"register-periodic", kPeriodic},
                                   {"register-processing", kProcessing}};

// Chooses options that often enough suit each other.
std::vector<std::string> random_options(std::mt19937& random, Offers offers) {
  const auto chance = [&](int of) { return std::uniform_int_distribution(1, of)(random) == 1; };
  std::vector<std::string> options;
  for (const Field& field : request_fields()) {
    const bool offered = !field.option.empty() && (field.offers & offers) != 0;
    // No job comes after one that does not exist.
    if (!offered || field.key == "after" || field.key == "relax-after" || !chance(6)) continue;
    const auto add = [&](const Field& one) {
      const std::string name = "--" + std::string(one.option_name());
      if (one.value->is_flag())
        return options.push_back(chance(3) ? "--no-" + name.substr(2) : name);
      for (const std::string& text : sample_texts(one, random())) {
        options.push_back(name + "=" + text);
        if (!one.value->is_list()) break;
      }
    };
    add(field);
    if (field.key == "prefer") add(*find_field("relax-after"));
  }
  return options;
}

TEST_F(Export, AndApplyAreInversesOverRandomOptions) {
  ok({"pause"});
  std::mt19937 random(4711);
  int registered = 0;
  for (int i = 0; i < 150; ++i) {
    const Registers& kind = kRegistering[static_cast<std::size_t>(i) % 3];
    std::vector<std::string> arguments{kind.command, "job " + std::to_string(i)};
    const std::string when = random() % 2 == 0 ? "--every=5h" : "--calendar=30 2 * * mon";
    if (kind.offers == kPeriodic) arguments.push_back(when);
    for (std::string& option : random_options(random, kind.offers)) {
      if (option.starts_with("--every=") || option.starts_with("--calendar=")) continue;
      arguments.push_back(std::move(option));
    }
    arguments.insert(arguments.end(), {"--", "/bin/sleep", "0"});
    const Output output = wm(arguments);
    // Some options exclude each other. None may be refused for what it is.
    EXPECT_TRUE(output.status == 0 || output.status == 2) << output.err;
    registered += output.status == 0 ? 1 : 0;
  }
  EXPECT_GT(registered, 40);
  const std::string exported = ok({"export"});

  const auto file = daemon_.path() / "export.toml";
  std::ofstream(file) << exported;
  EXPECT_EQ(ok({"apply", file.string()}), std::to_string(registered) + " unchanged\n");
  ok({"cancel", "--all"});
  ok({"prune"});
  ok({"apply", file.string()});

  EXPECT_EQ(ok({"export"}), exported);
}

using Texts = std::vector<std::string>;

// Returns the arguments that set the option, and those that give it back its default.
std::pair<Texts, Texts> set_and_reset(const Field& field, const std::string& word) {
  const std::string option = "--" + std::string(field.option_name());
  if (field.value->is_flag()) {
    return {{option}, {word.empty() ? "--no-" + option.substr(2) : option + "=" + word}};
  }
  Texts set;
  for (const std::string& text : sample_texts(field)) {
    set.push_back(option + "=" + text);
    if (!field.value->is_list()) break;
  }
  return {set, {option, word}};
}

// The options that some need beside them.
Texts companions(const Field& field) {
  if (field.key == "prefer") return {"--relax-after=1h", "--relax-after=2h", "--relax-after=3h"};
  if (field.key == "time-zone") return {"--between=01:00-02:00"};
  if (field.key == "while-kept-alive") return {"--watchdog=1m"};
  if (field.key.starts_with("trigger-")) return {"--on-path=/usr/b"};
  return {};
}

TEST_F(Export, AnUpdateGivesEveryOptionBackItsDefault) {
  ok({"pause"});
  ok({"register-oneoff", "a", "--", "/bin/sleep", "0"});
  ok({"update", "a", "--cwd", "default"});  // It was registered with the present directory.
  const std::string plain = ok({"export"});
  for (const std::string word : {"default", ""}) {
    for (const Field& field : request_fields()) {
      const bool offered =
          !field.option.empty() && (field.offers & (kOneoff | kUpdate)) == (kOneoff | kUpdate);
      if (!offered || field.key == "relax-after" || (field.key == "as" && ::getuid() != 0))
        continue;
      auto [set, reset] = set_and_reset(field, word);
      const auto update = [&](Texts words) {
        words.insert(words.begin(), {"update", "a"});
        const Output output = wm(words);
        EXPECT_EQ(output.status, 0) << field.key << ": " << output.err;
      };
      for (const std::string& more : companions(field)) {
        set.push_back(more);
        if (field.key != "prefer")
          reset.insert(reset.end(), {more.substr(0, more.find('=')), word});
      }
      update(set);
      EXPECT_NE(ok({"export"}), plain) << field.key;
      update(reset);
      EXPECT_EQ(ok({"export"}), plain) << field.key << " by '" << word << "'";
    }
  }
}

TEST_F(Export, AFlagTakesNoWordAfterASpace) {
  ok({"pause"});
  ok({"register-oneoff", "a", "--", "/bin/sleep", "0"});
  const Output output = wm({"update", "a", "--charging", "default"});
  EXPECT_EQ(output.status, 2);
  EXPECT_NE(output.err.find("write --charging=default"), std::string::npos) << output.err;
}

class Files : public Commands {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    const std::string path = (daemon_.path() / name).string();
    std::ofstream(path) << text;
    return path;
  }
  // Runs wm edit with an editor that is a shell script; the file is its $1.
  Output edit(const std::string& script, const std::vector<std::string>& names) {
    return run_program(edit_command(names), editing_with(script));
  }
  std::vector<std::string> edit_command(const std::vector<std::string>& names) const {
    std::vector<std::string> command{WM_PROGRAM, "--socket", daemon_.socket(), "edit"};
    command.insert(command.end(), names.begin(), names.end());
    return command;
  }
  std::map<std::string, std::string> editing_with(const std::string& script) {
    const std::string editor = file("editor.sh", script);
    return {{"VISUAL", "sh " + editor}, {"TMPDIR", daemon_.path().string()}};
  }
  std::vector<std::string> left_over() const {
    std::vector<std::string> texts;
    for (const auto& entry : std::filesystem::directory_iterator(daemon_.path())) {
      if (!entry.path().filename().string().starts_with("wm-edit.")) continue;
      std::ifstream text(entry.path() / "jobs.toml");
      texts.emplace_back(std::istreambuf_iterator<char>(text), std::istreambuf_iterator<char>());
    }
    return texts;
  }
};

TEST_F(Files, ADryRunSaysWhatWouldChangeAndChangesNothing) {
  ok({"pause"});
  const std::string first = file("first.toml",
                                 "[[work]]\nname = \"same\"\ncommand = [\"true\"]\n"
                                 "[[work]]\nname = \"gone\"\ncommand = [\"true\"]\n"
                                 "[[work]]\nname = \"other\"\ncommand = [\"true\"]\n"
                                 "network = \"metered\"\n");
  const std::string second = file("second.toml",
                                  "[[work]]\nname = \"same\"\ncommand = [\"true\"]\n"
                                  "[[work]]\nname = \"other\"\ncommand = [\"true\"]\n"
                                  "network = \"unmetered\"\ntags = [\"x\"]\n"
                                  "[[work]]\nname = \"new\"\ncommand = [\"true\"]\n");
  ok({"apply", first});
  const std::string before = ok({"export"});

  EXPECT_EQ(ok({"apply", "--dry-run", "--prune", second}),
            "would be updated 'other'\nwould be enqueued 'new'\nwould be cancelled 'gone'\n"
            "1 unchanged\n");
  EXPECT_EQ(ok({"diff", "--prune", second}),
            "would be updated 'other'\n- network = \"metered\"\n+ network = \"unmetered\"\n"
            "+ tags = [ \"x\" ]\nwould be enqueued 'new'\n+ name = \"new\"\n"
            "+ command = [ \"/usr/bin/true\" ]\nwould be cancelled 'gone'\n");
  EXPECT_EQ(ok({"export"}), before);
  fails(2, "second.toml.absent", {"diff", second + ".absent"});
}

TEST_F(Files, AJobIsEditedAsItsText) {
  ok({"pause"});
  ok({"once", "a", "--network", "metered", "--priority", "3", "--", "true"});
  ok({"once", "b", "--", "true"});
  ok({"cancel", "b"});

  EXPECT_EQ(edit("sed -i 's/\"metered\"/\"unmetered\"/; /^priority/d' $1", {"a"}).out,
            "updated 'a'\n");

  const json::value work = json({"show", "a"});
  EXPECT_EQ(text(work.at("constraints"), "network"), "unmetered");
  EXPECT_FALSE(work.as_object().contains("priority"));
  EXPECT_EQ(edit("true", {"a"}).err, "wm: nothing is changed\n");
  EXPECT_EQ(edit("exit 3", {"a"}).status, 1);
  EXPECT_NE(edit("true", {"b"}).err.find("'b' has ended"), std::string::npos);
  EXPECT_EQ(edit("true", {"c"}).status, 3);
  EXPECT_TRUE(left_over().empty());
}

TEST_F(Files, AnEditorOpensAgainAtAnErrorAndLosesNothing) {
  ok({"pause"});
  ok({"once", "a", "--network", "metered", "--", "true"});
  const std::string seen = (daemon_.path() / "seen").string();

  // The first time it makes a mistake, the second time it mends it.
  Terminal mended(80, 24, edit_command({"a"}),
                  editing_with("if grep -q '^# wm: ' $1; then cp $1 " + seen +
                               "; sed -i 's/= \"fast\"/= \"connected\"/' $1; "
                               "else sed -i 's/\"metered\"/\"fast\"/' $1; fi"));

  EXPECT_EQ(mended.finish(), 0) << mended.text();
  EXPECT_TRUE(mended.text().ends_with("updated 'a'\n")) << mended.text();
  std::ifstream file(seen);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t note = text.find("# wm: line ");
  EXPECT_NE(text.substr(note).find("unknown network type 'fast'"), std::string::npos) << text;
  EXPECT_LT(text.substr(note).find('\n'), text.substr(note).find("network = \"fast\"")) << text;

  const Output given_up = edit("sed -i 's/\"connected\"/\"slow\"/' $1", {"a"});
  EXPECT_EQ(given_up.status, 2);
  ASSERT_EQ(left_over().size(), 1U) << "the text is kept";
  EXPECT_NE(left_over().front().find("network = \"slow\""), std::string::npos);
}

TEST_F(Files, AnEditorThatNobodySeesOpensOnce) {
  ok({"pause"});
  ok({"once", "a", "--", "true"});
  const auto count = daemon_.path() / "count";
  const Output failed = edit("echo x >>" + count.string() + "; [ $(wc -l <" + count.string() +
                                 ") -lt 5 ] && echo oops >>$1",
                             {"a"});
  EXPECT_EQ(failed.status, 2);
  EXPECT_NE(failed.err.find("wm: your text is in "), std::string::npos) << failed.err;
  EXPECT_EQ(std::filesystem::file_size(count), 2U) << "the editor was opened once";
}

}  // namespace
}  // namespace wm
