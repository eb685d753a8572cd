// A real daemon, and the real client to talk to it.
#pragma once

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/programs.h"

namespace wm {

namespace json = boost::json;

inline std::string text(const json::value& object, std::string_view key) {
  const json::value* value = object.as_object().if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : "";
}

class Commands : public testing::Test {
 protected:
  explicit Commands(const std::string& configuration = TestDaemon::kConfiguration)
      : daemon_(configuration) {
    daemon_.start();
  }

  Output wm(std::vector<std::string> arguments, const std::string& input = "") {
    return daemon_.wm(std::move(arguments), input);
  }
  json::value json(std::vector<std::string> arguments) {
    return daemon_.json(std::move(arguments));
  }

  // Succeeds, prints nothing on stderr, and returns what it prints.
  std::string ok(std::vector<std::string> arguments) {
    const Output output = wm(std::move(arguments));
    EXPECT_EQ(output.status, 0) << output.err << output.out;
    EXPECT_EQ(output.err, "");
    return output.out;
  }

  // Fails with that status, one line on stderr that names `what`, and nothing on stdout.
  void fails(int status, const std::string& what, std::vector<std::string> arguments) {
    const Output output = wm(arguments);
    EXPECT_EQ(output.status, status) << arguments.front() << ": " << output.err;
    EXPECT_EQ(output.out, "");
    EXPECT_TRUE(output.err.starts_with("wm: ")) << output.err;
    EXPECT_EQ(output.err.find('\n'), output.err.size() - 1) << output.err;
    EXPECT_NE(output.err.find(what), std::string::npos) << output.err;
  }

  // From here on the daemon is what this shell command becomes with wmd's at its end.
  void restart_under(const std::string& command, const std::string& wmd = WMD_PROGRAM) {
    daemon_.stop();
    const auto program = daemon_.path() / "wmd.sh";
    std::ofstream(program) << "#!/bin/sh\n" << command << ' ' << wmd << " \"$@\"\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    daemon_.set_program(program.string());
    daemon_.start();
  }

  void shell(const std::string& name, const std::string& script,
             std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"register-oneoff", name});
    options.insert(options.end(), {"--", "/bin/sh", "-c", script});
    ok(options);
  }

  // A pipe in the file system: whoever reads waits for whoever writes, and the other way round.
  static void make_pipe(const std::filesystem::path& path) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0) << path;
  }
  static std::string read_line(const std::filesystem::path& pipe) {
    std::ifstream file(pipe);
    std::string line;
    std::getline(file, line);
    return line;
  }

  TestDaemon daemon_;
};

}  // namespace wm
