#include "bench/table.h"

#include <cstdio>
#include <fstream>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace wm {

namespace json = boost::json;

namespace {

// 1.18, 13.4, 1,234.
std::string number(double value) {
  if (value >= 1000) return fmt::format("{:.0f}", value);
  return value >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

std::string text(const Bound& bound) {
  return (bound.at_least ? "≥ " : "≤ ") + number(bound.value);
}

}  // namespace

void Table::add(const Figure& figure) {
  if (figures_.empty()) {
    fmt::print("{:<44}{:>9} {:<6} {:<34}{:>9}{:>8}  {:<9}{}\n", "figure", "wm", "", "against", "",
               "ratio", "wanted", earlier_.empty() ? "" : "earlier");
  }
  figures_.push_back(figure);
  const bool alone = figure.against.empty();
  const auto earlier = earlier_.find(figure.name);
  fmt::print("{:<44}{:>9} {:<6} {:<34}{:>9}{:>8}  {:<9}{}\n", figure.name, number(figure.ours),
             figure.unit, figure.against, alone ? "" : number(figure.theirs),
             alone ? "" : number(figure.value()), figure.wanted ? text(*figure.wanted) : "",
             earlier == earlier_.end() ? "" : number(earlier->second));
  std::fflush(stdout);
}

bool Table::compare_with(const std::string& file) {
  std::ifstream stream(file);
  try {
    const json::value all = json::parse(stream);
    for (const json::value& one : all.as_array()) {
      earlier_[std::string(one.at("figure").as_string())] = one.at("value").to_number<double>();
    }
  } catch (const std::exception&) {
    return false;
  }
  return true;
}

bool Table::save(const std::string& file) const {
  json::array all;
  for (const Figure& one : figures_) {
    json::object row{
        {"figure", one.name}, {"value", one.value()}, {"ours", one.ours}, {"unit", one.unit}};
    if (!one.against.empty()) {
      row["against"] = one.against;
      row["theirs"] = one.theirs;
    }
    all.push_back(std::move(row));
  }
  std::ofstream stream(file);
  stream << all << '\n';
  return static_cast<bool>(stream.flush());
}

}  // namespace wm
