// `wm apply` registers again what `wm export` prints, over random sets of options.
#include <fstream>
#include <random>

#include "tests/support/sample_options.h"
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

}  // namespace
}  // namespace wm
