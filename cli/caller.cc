#include "cli/caller.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

#include "cli/shell_words.h"
#include "config/read_file.h"
#include "core/text.h"

namespace wm::cli {

namespace fs = std::filesystem;

Result<std::string> find_program(const std::string& name) {
  std::error_code problem;
  if (name.find('/') != std::string::npos) return fs::absolute(name, problem).string();
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    const fs::path candidate = fs::path(rest.substr(0, colon)) / name;
    if (!name.empty() && fs::is_regular_file(candidate, problem) &&
        ::access(candidate.c_str(), X_OK) == 0) {
      return fs::absolute(candidate, problem).string();
    }
    rest = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
  }
  if (name.find_first_of(" \t;&|<>$`*\"'") != std::string::npos) {
    return fail(ErrorCode::invalid, "no command '" + name +
                                        "' in PATH: a shell's line needs a shell: -- sh -c " +
                                        shell_word(name));
  }
  return fail(ErrorCode::invalid,
              "no command '" + name + "' in PATH: name an executable file, or correct PATH");
}

std::string absolute_path(const std::string& path) {
  const char* home = std::getenv("HOME");
  if (home && (path == "~" || path.starts_with("~/"))) return home + path.substr(1);
  std::error_code problem;
  return fs::absolute(path, problem).lexically_normal().string();
}

namespace {

bool is_of_the_moment(std::string_view name) {
  constexpr std::array<std::string_view, 16> kNames{"_",
                                                    "COLUMNS",
                                                    "DBUS_SESSION_BUS_ADDRESS",
                                                    "DISPLAY",
                                                    "LINES",
                                                    "OLDPWD",
                                                    "PWD",
                                                    "SHLVL",
                                                    "SSH_AUTH_SOCK",
                                                    "TERM",
                                                    "TERMCAP",
                                                    "WAYLAND_DISPLAY",
                                                    "XAUTHORITY",
                                                    "XDG_CURRENT_DESKTOP",
                                                    "XDG_RUNTIME_DIR",
                                                    "XDG_SESSION_TYPE"};
  return name.starts_with("WM_") || std::ranges::count(kNames, name) > 0;
}

bool is_plain_name(std::string_view name) {
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !name.empty() && std::ranges::all_of(name, is_plain);
}

}  // namespace

Result<std::map<std::string, std::string>> kept_environment(std::string_view names) {
  std::map<std::string, std::string> kept;
  if (names == kAllVariables) {
    for (char** one = environ; *one; ++one) {
      const std::string_view variable(*one);
      const std::string_view name = variable.substr(0, variable.find('='));
      const bool usable = is_plain_name(name) && is_utf8(variable) && !is_of_the_moment(name);
      if (usable) kept.emplace(name, variable.substr(name.size() + 1));
    }
    return kept;
  }
  std::istringstream list{std::string(names)};
  for (std::string name; std::getline(list, name, ',');) {
    const char* const value = std::getenv(name.c_str());
    if (!value || !is_utf8(value)) {
      return fail(ErrorCode::invalid, "--keep-env: " + printable(name) +
                                          (value ? " is not UTF-8" : " is not set here"));
    }
    kept.emplace(name, value);
  }
  return kept;
}

std::int32_t own_umask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return static_cast<std::int32_t>(mask);
}

Result<std::string> read_text(const char* option, const std::string& source) {
  if (source == "-") return std::string{std::istreambuf_iterator<char>(std::cin), {}};
  if (!source.starts_with('@')) return source;
  auto text = read_file(source.substr(1));
  if (text) return text;
  return fail(ErrorCode::invalid, std::string(option) + ": " + text.error().message);
}

std::vector<std::string> doubts_of(const WorkRequest& request) {
  std::vector<std::string> doubts;
  const auto look = [&](const char* what, const std::string& path, bool is_directory) {
    if (path.empty()) return;
    std::error_code problem;
    const auto type = fs::status(path, problem).type();
    const bool missing = type == fs::file_type::not_found;
    if (!missing && (problem || (type == fs::file_type::directory) == is_directory)) return;
    doubts.push_back(what + (" '" + printable(path)) + "' " +
                     (missing        ? "does not exist yet"
                      : is_directory ? "is not a directory"
                                     : "is a directory") +
                     ": without it a run fails");
  };
  look("the working directory", request.cwd, true);
  look("the file of variables", request.env_file, false);
  return doubts;
}

}  // namespace wm::cli
