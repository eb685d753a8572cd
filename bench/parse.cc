// Parses the options of wm register-oneoff with CLI11, and does nothing else: what the start of wm
// is compared with.
#include <deque>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/request_fields.h"

int main(int argc, char** argv) {
  CLI::App app("wm_parse");
  CLI::App* const command = app.add_subcommand("register-oneoff", "Parses its options");
  std::string name;
  std::string task;
  std::deque<std::string> texts;
  std::deque<std::vector<std::string>> lists;
  command->add_option("NAME", name)->required();
  command->add_option("TASK", task);
  for (const wm::Field& field : wm::request_fields()) {
    if (field.option.empty() || (field.offers & wm::kOneoff) == 0) continue;
    const std::string names = "--" + std::string(field.option);
    if (field.value->is_flag()) {
      command->add_flag(names, texts.emplace_back(), std::string(field.help));
    } else if (field.value->is_list()) {
      command->add_option(names, lists.emplace_back(), std::string(field.help));
    } else {
      command->add_option(names, texts.emplace_back(), std::string(field.help));
    }
  }
  CLI11_PARSE(app, argc, argv);
  return 0;
}
