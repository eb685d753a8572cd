// The manual pages and the programs name the same options, and wmd.toml(5) and the file the same
// settings.
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "config/settings.h"
#include "core/request_fields.h"
#include "tests/support/temporary_directory.h"
#include "tests/system/commands.h"

namespace wm {
namespace {

using Words = std::set<std::string>;

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(std::string(WM_SOURCE_DIR) + path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  EXPECT_FALSE(lines.empty()) << path;
  return lines;
}

void add_matches(Words& words, const std::string& line, const std::regex& pattern) {
  for (std::sregex_iterator one(line.begin(), line.end(), pattern), end; one != end; ++one) {
    words.insert((*one)[1]);
  }
}

// The options of each part of a page: `# OPTIONS` as "OPTIONS", `## list [OPTIONS]` as "list".
std::map<std::string, Words> manual(const std::string& path) {
  const std::regex option(R"(\*--([a-z][a-z-]*)\*)");
  const std::regex with_opposite(R"(\*--\[no-\]([a-z-]+)\*)");
  std::map<std::string, Words> parts;
  std::string part;
  for (const std::string& line : lines_of(path)) {
    if (line.starts_with("# ")) part = line.substr(2);
    if (line.starts_with("## ") && part != "REGISTRATION" && !part.starts_with("REGISTRATION/")) {
      part = line.substr(3, line.find(' ', 3) - 3);
      parts[part];
    }
    if (!line.starts_with("*--")) continue;
    add_matches(parts[part], line, option);
    Words both;
    add_matches(both, line, with_opposite);
    for (const std::string& name : both) parts[part].insert({name, "no-" + name});
  }
  return parts;
}

std::string printed(const std::vector<std::string>& command) {
  const Output output = run_program(command);
  EXPECT_EQ(output.status, 0) << output.err;
  return output.out;
}

Words options_in(const std::string& help) {
  std::istringstream text(help);
  Words options;
  const std::regex option("--([a-z][a-z-]*)");
  for (std::string line; std::getline(text, line);) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin == 0 || begin == std::string::npos || line[begin] != '-') continue;
    add_matches(options, line.substr(begin, line.find(' ', begin) - begin), option);
  }
  return options;
}

Words help(std::vector<std::string> command) {
  command.emplace_back("--help");
  return options_in(printed(command));
}

Words commands_of_help(const std::vector<std::string>& command) {
  std::istringstream text(printed(command));
  Words commands;
  bool listed = false;
  for (std::string line; std::getline(text, line);) {
    if (listed && line.starts_with("  ") && line[2] != ' ') {
      commands.insert(line.substr(2, line.find(' ', 2) - 2));
    }
    if (line.ends_with(':')) listed = line != "Options:";
  }
  return commands;
}

const std::map<std::string, std::vector<std::vector<std::string>>> kInner{
    {"conditions", {{"conditions", "override"}, {"conditions", "clear"}}},
    {"daemon", {{"daemon", "reexec"}}},
    {"import",
     {{"import", "crontab"},
      {"import", "systemd-timers"},
      {"import", "at"},
      {"import", "anacron"}}},
};
const Words kRegistrations{
    "once", "every", "register-oneoff", "register-periodic", "register-processing", "update"};

Words help_of(const std::string& command) {
  Words options = help({WM_PROGRAM, command});
  if (const auto inner = kInner.find(command); inner != kInner.end()) {
    for (std::vector<std::string> words : inner->second) {
      words.insert(words.begin(), WM_PROGRAM);
      options.merge(help(words));
    }
  }
  options.erase("help");
  return options;
}

TEST(Manual, WmHasTheOptionsOfTheHelp) {
  const auto page = manual("/docs/man/wm.1.scd");
  EXPECT_EQ(page.at("OPTIONS"), options_in(printed({WM_PROGRAM, "help"})));
  const Words& shared = page.at("REGISTRATION");
  const Words commands = commands_of_help({WM_PROGRAM, "help"});
  EXPECT_GT(commands.size(), 25U);
  for (const std::string& command : commands) {
    ASSERT_TRUE(page.contains(command)) << command;
    Words told = page.at(command);
    if (kRegistrations.contains(command)) told.insert(shared.begin(), shared.end());
    if (command == "update") {
      for (const char* of_the_new : {"existing", "keep-env"}) told.erase(of_the_new);
    }
    EXPECT_EQ(told, help_of(command)) << command;
  }
  for (const auto& [part, options] : page) {
    if (part.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos) {
      EXPECT_TRUE(commands.contains(part)) << part;
    }
  }
}

// scdoc joins the lines of a cell without a space; a third one at the beginning is that space.
TEST(Manual, CellsOfTablesKeepTheirWordsApart) {
  for (const auto& page : std::filesystem::directory_iterator(WM_SOURCE_DIR "/docs/man")) {
    bool in_table = false;
    for (const std::string& line : lines_of("/docs/man/" + page.path().filename().string())) {
      in_table =
          line.starts_with("|") || line.starts_with(":") || (in_table && line.starts_with("  "));
      const bool goes_on = in_table && line.starts_with("  ");
      EXPECT_TRUE(!goes_on || line.starts_with("   ")) << page.path() << ": " << line;
    }
  }
}

TEST(Manual, WmdHasTheOptionsOfTheHelp) {
  EXPECT_EQ(manual("/docs/man/wmd.8.scd").at("OPTIONS"), help({WMD_PROGRAM}));
}

// `table.key` of the annotated file, whose examples and defaults are commented out.
Words settings_of_the_file() {
  const std::regex table(R"(^#? *\[([a-z]+)(\..*)?\]$)");
  const std::regex key(R"(^#? *([a-z_]+) = .*)");
  Words settings;
  std::string in;
  std::smatch found;
  for (const std::string& line : lines_of("/config/wmd.toml")) {
    if (std::regex_match(line, found, table)) in = found[1];
    if (std::regex_match(line, found, key)) settings.insert(in + "." + found[1].str());
  }
  return settings;
}

Words settings_of_the_page(const std::string& path) {
  const std::regex table(R"(^# \[([a-z]+)(\.NAME)?\]$)");
  const std::regex key(R"(\*([a-z_]+)\*(?!\())");
  Words settings;
  std::string in;
  std::smatch found;
  for (const std::string& line : lines_of(path)) {
    if (std::regex_match(line, found, table)) {
      in = found[1];
    } else if (line.starts_with("# ")) {
      in = line == "# DESCRIPTION" ? "" : "elsewhere";
    }
    if (!line.starts_with('*') || in == "elsewhere") continue;
    Words keys;
    add_matches(keys, line, key);
    for (const std::string& name : keys) settings.insert(in + "." + name);
  }
  return settings;
}

TEST(Manual, WmdTomlHasTheSettingsOfTheFile) {
  EXPECT_EQ(settings_of_the_page("/docs/man/wmd.toml.5.scd"), settings_of_the_file());
}

std::string page(const std::string& path) {
  std::string text;
  for (const std::string& line : lines_of(path)) text += line + ' ';
  return text;
}

// Each option stands in the sections of its commands, or in the one that they share.
TEST(Manual, HasEveryFieldWithItsValue) {
  const std::string wm = page("/docs/man/wm.1.scd");
  for (const Field& field : request_fields()) {
    if (field.option.empty()) continue;
    const std::string name(field.option_name());
    const std::string option =
        field.value->is_flag()
            ? (wm.contains("*--[no-]" + name + '*') ? "*--[no-]" + name + '*' : "*--" + name + '*')
            : "*--" + name + "* _" + std::string(field.metavar) + '_';
    EXPECT_TRUE(wm.contains(option)) << option;
  }
}

TEST(Manual, NamesEveryConstraint) {
  const std::string wm = page("/docs/man/wm.1.scd");
  const std::string semantics = page("/docs/man/wm-semantics.7.scd");
  const std::string toml = page("/docs/man/wmd.toml.5.scd");
  std::string check;
  std::string values;
  std::string unknown;
  for (const ConstraintDef& one : kConstraints) {
    const std::string option(one.option);
    const std::string condition(one.condition);
    const std::string bold = '*' + std::string(one.name) + '*';
    const std::string reason = "*constraint-" + std::string(one.name) + '*';
    EXPECT_NE(semantics.find(reason), std::string::npos) << reason;
    if (!check.empty()) check += ", ";
    if (one.settable_unknown) unknown += (unknown.empty() ? "*" : ", *") + condition + '*';
    if (one.condition.empty()) {
      check += "*--" + option + "* _" + std::string(one.metavar) + '_';
      EXPECT_NE(semantics.find("|  " + bold), std::string::npos) << bold << " is explained";
      continue;
    }
    switch (one.form) {
      case ConstraintForm::network_type:
        check += "*--" + option + "* _TYPE_";
        continue;
      case ConstraintForm::windows:
        break;
      case ConstraintForm::names:
        check += "*--" + option + "* _NAME_";
        values += ", _" + condition + ".NAME_=";
        break;
      case ConstraintForm::flag:
        check += "*--[no-]" + option + '*';
        values += (values.empty() ? "_" : ", _") + condition + "_=";
        break;
    }
    values += std::string(one.yes) + '|' + std::string(one.no);
    EXPECT_NE(semantics.find("|  " + bold), std::string::npos) << bold << " is explained";
  }
  EXPECT_NE(wm.find(check), std::string::npos) << check;
  EXPECT_NE(wm.find(values), std::string::npos) << values;
  EXPECT_NE(toml.find(' ' + unknown + ' '), std::string::npos) << unknown;
}

// The examples stand between ``` and ```.
std::vector<std::string> examples_of(const std::string& path) {
  std::vector<std::string> examples;
  bool inside = false;
  for (const std::string& line : lines_of(path)) {
    if (line == "```") {
      inside = !inside;
      if (inside) examples.emplace_back();
    } else if (inside) {
      examples.back() += line + '\n';
    }
  }
  return examples;
}

TEST(Manual, ItsExamplesOfTheConfigurationAreValid) {
  const auto examples = examples_of("/docs/man/wmd.toml.5.scd");
  EXPECT_EQ(examples.size(), 3U);
  for (const std::string& example : examples) {
    const auto settings = parse_settings(example, "example");
    EXPECT_TRUE(settings) << settings.error().message;
  }
}

#ifdef WM_FLEET_PROGRAM
// Registrations have the options of wm's, which its own page explains.
TEST(Manual, WmFleetHasTheOptionsOfTheHelp) {
  const auto page = manual("/docs/man/wm-fleet.1.scd");
  EXPECT_EQ(page.at("OPTIONS"), help({WM_FLEET_PROGRAM}));
  const Words& shared = page.at("PLACEMENT");
  const Words commands = commands_of_help({WM_FLEET_PROGRAM, "--help"});
  EXPECT_GT(commands.size(), 20U);
  for (const std::string& command : commands) {
    ASSERT_TRUE(page.contains(command)) << command;
    Words told = page.at(command);
    told.insert("help");
    if (kRegistrations.contains(command)) {
      told.insert(shared.begin(), shared.end());
      told.merge(help({WM_PROGRAM, command}));
    }
    EXPECT_EQ(told, help({WM_FLEET_PROGRAM, command})) << command;
  }
  for (const auto& [part, options] : page) {
    if (part.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos) {
      EXPECT_TRUE(commands.contains(part)) << part;
    }
  }
}

TEST(Manual, FleetTomlHasTheSettingsOfTheAgent) {
  const std::regex call(R"re(\.read\("([a-z_]+)")re");
  Words read;
  for (const std::string& line : lines_of("/fleet/agent/settings.cc")) {
    Words keys;
    add_matches(keys, line, call);
    for (const std::string& key : keys) read.insert("fleet." + key);
  }
  EXPECT_GT(read.size(), 5U);
  EXPECT_EQ(settings_of_the_page("/docs/man/fleet.toml.5.scd"), read);
}

TEST(Manual, FleetTomlHasExamplesThatTheAgentTakes) {
  const TemporaryDirectory directory;
  const std::string file = directory.path() / "fleet.toml";
  const auto examples = examples_of("/docs/man/fleet.toml.5.scd");
  EXPECT_EQ(examples.size(), 3U);
  for (const std::string& example : examples) {
    if (!example.starts_with("[fleet]")) continue;
    std::ofstream(file) << example;
    // No agent has left its word: the file itself is well.
    const Output asked = run_program({WM_FLEET_PROGRAM, "status", "--config", file});
    EXPECT_EQ(asked.status, 4) << asked.err;
  }
}
#endif

}  // namespace
}  // namespace wm
