// A text for each registration option, so that tests can give them all without naming them.
#pragma once

#include <string>
#include <vector>

#include "core/request_fields.h"

namespace wm {

/// None is the default. `variant` picks one of several.
inline std::vector<std::string> sample_texts(const Field& field, unsigned variant = 0) {
  const std::string metavar(field.metavar);
  const std::string number = std::to_string(1 + variant % 9);
  if (field.value->is_flag()) return {"yes"};
  if (const auto words = field.value->words(); !words.empty()) {
    return {std::string(words[1 + variant % (words.size() - 1)])};
  }
  if (field.key == "input-json")
    return {"{\"n\":" + number + R"(,"text":"a \"b\"","list":[1,null]})"};
  if (field.key == "input") return {"user=" + number, "list:=[1,2.5,\"ü\"]"};
  if (field.key == "calendar") return {variant % 2 == 0 ? "30 2 * * mon" : "@daily"};
  if (field.key == "time-zone") return {variant % 2 == 0 ? "Europe/Berlin" : "Asia/Tokyo"};
  if (field.key == "between") return {"22:00-0" + number + ":30", "Mon-Fri 09:00-17:30"};
  if (field.key == "cwd") return {"/usr/share"};
  if (field.key == "env-file") return {"/etc/passwd"};
  if (field.key == "umask") return {"02" + std::to_string(1 + variant % 7)};
  if (field.key == "on-path") return {"/usr/in" + number + "/*.txt", "/usr/b"};
  if (field.key == "prefer")
    return {"network=unmetered", "charging", "between=Sat,Sun 00:00-24:00"};
  if (field.key == "relax-after") return {number + "h", "2d", "90m"};
  if (metavar == "D") return {number + "h"};
  if (metavar == "N") return {number};
  if (metavar == "SIZE") return {number + "G"};
  if (metavar == "CODES") return {std::to_string(100 + field.number) + ",3" + number};
  if (metavar == "TIME") return {"2099-11-2" + number + "T09:20:00.000Z"};
  if (metavar == "NAME=VALUE") return {"A=1", "B_" + number + "=x=\"y\"\n"};
  if (metavar == "USER") return {"root"};
  const std::string text = "some " + number + " ü\t'\"";
  if (field.value->is_list()) return {"a" + number, "b c"};
  return {metavar == "NAME" ? "g" + number : text};
}

}  // namespace wm
