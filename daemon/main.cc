// wmd: reads the options and runs the daemon.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "config/files.h"
#include "core/instance.h"
#include "core/version.h"
#include "daemon/daemon.h"
#include "daemon/runs/journal.h"
#include "daemon/system/first_process.h"

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kTaken = 3;

// Under systemd the journal keeps time and level itself.
void set_up_logging() {
  const bool journal = wm::writes_to_journal();
  auto logger = journal ? spdlog::systemd_logger_st("wmd") : spdlog::stderr_color_st("wmd");
  logger->set_pattern(journal ? "%v" : "%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
  spdlog::set_default_logger(std::move(logger));
}

int complain(const std::string& message, int status) {
  std::fprintf(stderr, "wmd: %s\n", message.c_str());
  return status;
}

struct Arguments {
  bool user = false;
  bool system = false;
  bool check = false;
  std::string config;
  std::string socket;
  std::string state;
};

void add_options(CLI::App& app, Arguments& arguments) {
  app.add_flag("--user", arguments.user, "Serve the user who runs it (the default)");
  app.add_flag("--system", arguments.system, "Serve all users")->excludes("--user");
  app.add_option("--config", arguments.config, "Read this file instead of the instance's own");
  app.add_option("--socket", arguments.socket, "Listen here");
  app.add_option("--state-dir", arguments.state, "Keep the queue, the logs and all state here");
  app.add_flag("--check-config", arguments.check,
               "Say whether the configuration is valid, and exit");
  app.set_version_flag("--version", "wmd " + std::string(wm::kVersion));
  app.footer("Example: wmd --user --socket /tmp/wm.sock --state-dir /tmp/wm-state");
}

wm::Result<wm::DaemonOptions> daemon_options(const Arguments& arguments, wm::Instance instance,
                                             const wm::Surroundings& surroundings) {
  const auto state = arguments.state.empty() ? wm::state_directory(instance, surroundings)
                                             : wm::Result<std::string>(arguments.state);
  if (!state) return std::unexpected(state.error());
  const std::string& socket = arguments.socket;
  wm::DaemonOptions options;
  options.system = arguments.system;
  options.own_socket_directory = !arguments.system && socket.empty();
  // Runs are told both, wherever they are.
  options.socket =
      std::filesystem::absolute(socket.empty() ? wm::socket_path(instance, surroundings) : socket);
  options.state_directory = std::filesystem::absolute(*state);
  options.program = std::filesystem::read_symlink("/proc/self/exe").string();
  return options;
}

int run(int argc, char** argv) {
  CLI::App app("wmd: runs registered work when its conditions hold, and never twice at once.");
  Arguments arguments;
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kUsage;
  }

  const wm::Instance instance = arguments.system ? wm::Instance::system : wm::Instance::user;
  const auto surroundings = wm::Surroundings::from(
      [](const char* name) -> const char* { return std::getenv(name); }, ::geteuid());
  const auto load = [&] {
    return wm::load_configuration(instance, surroundings, arguments.config);
  };
  auto configuration = load();
  if (!configuration) return complain(configuration.error().message, kUsage);
  if (arguments.check) {
    std::printf("the configuration is valid (%zu files read)\n", configuration->files.size());
    return 0;
  }
  auto options = daemon_options(arguments, instance, surroundings);
  if (!options) return complain(options.error().message, kUsage);
  options->load_configuration = load;
  options->arguments.assign(argv + 1, argv + argc);
  wm::leave_first_process();
  set_up_logging();
  return wm::Daemon(std::move(*options), std::move(*configuration)).run();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const wm::AnotherServes& e) {
    return complain(e.what(), kTaken);
  } catch (const std::exception& e) {
    return complain(e.what(), kFailed);
  }
}
