// wm_bench measures what wm costs, as ratios to the machine's own limits in the same run.
#include <cstdio>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "bench/figures.h"

int main(int argc, char** argv) {
  const std::vector<std::pair<std::string, void (*)(wm::Table&)>> groups{
      {"register", wm::bench_register},   {"many", wm::bench_many},
      {"dispatch", wm::bench_dispatch},   {"reaction", wm::bench_reaction},
      {"size", wm::bench_size},           {"idle", wm::bench_idle},
      {"scheduler", wm::bench_scheduler}, {"drain", wm::bench_drain},
#ifdef WM_FLEET
      {"fleet", wm::bench_fleet},
#endif
  };
  std::vector<std::string> names;
  for (const auto& [name, bench] : groups) names.push_back(name);

  CLI::App app("Measures what wm costs beside the machine's own limits.", "wm_bench");
  std::vector<std::string> wanted = names;
  std::string save;
  std::string compare;
  app.add_option("GROUP", wanted, "The groups to measure; default: all")
      ->check(CLI::IsMember(names))
      ->type_name("");
  app.add_option("--save", save, "Write the figures to this file")->type_name("FILE");
  app.add_option("--compare", compare, "Show the figures of that file beside these")
      ->type_name("FILE");
  CLI11_PARSE(app, argc, argv);

  wm::Table table;
  if (!compare.empty() && !table.compare_with(compare)) {
    std::cerr << "wm_bench: " << compare << " has no figures\n";
    return 1;
  }
  for (const auto& [name, bench] : groups) {
    if (std::ranges::find(wanted, name) != wanted.end()) bench(table);
  }
  if (!save.empty() && !table.save(save)) {
    std::cerr << "wm_bench: " << save << " cannot be written\n";
    return 1;
  }
}
