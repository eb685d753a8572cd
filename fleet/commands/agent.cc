// The two commands for a node itself: agent and status.
#include "fleet/agent/agent.h"

#include <fstream>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <sys/utsname.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "cli/render/local_time.h"
#include "core/json_fields.h"
#include "core/text.h"
#include "fleet/command.h"

namespace wm::fleet {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

struct AgentOptions {
  std::string config = kAgentFile;
  std::string socket;
};

// ID of /etc/os-release: debian, fedora, …
std::string operating_system() {
  std::ifstream file("/etc/os-release");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("ID=")) continue;
    std::string id = line.substr(3);
    std::erase(id, '"');
    return id;
  }
  return "linux";
}

// What any node can say of itself.
void add_own_labels(Labels& labels) {
  utsname machine{};
  ::uname(&machine);
  labels.try_emplace("arch", machine.machine);
  labels.try_emplace("host", machine.nodename);
  labels.try_emplace("os", operating_system());
}

int serve(Context& context, const AgentOptions& options) {
  auto settings = load_agent_settings(options.config);
  if (!settings) return context.complain(settings.error());
  if (!options.socket.empty()) settings->socket = options.socket;
  add_own_labels(settings->labels);
  const auto alone = serve_alone(status_file_of(*settings));
  if (!alone && alone.error().code == ErrorCode::refused) return context.complain(alone.error());
  NodeStatus first;
  first.node = settings->node;
  if (const auto written = write_status(status_file_of(*settings), first); !written) {
    context.hint(written.error().message + ": wm-fleet status needs it: set status_file");
  }
  asio::io_context loop;
  Agent agent(loop, std::move(*settings));
  asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& failed, int) {
    if (!failed) agent.stop();
  });
  agent.on_stopped([&] { loop.stop(); });
  agent.start();
  ::sd_notify(0, "READY=1");
  loop.run();
  return cli::kDone;
}

void print_side(Context& context, const json::object& status, const char* title, const char* key,
                const std::string& problem) {
  const cli::Style style = context.style();
  const std::string state = text_of(status, key);
  const bool well = state == "connected";
  context.out() << "  " << (well ? style.green(style.yes()) : style.red(style.no())) << ' ' << title
                << ' ' << state << (problem.empty() ? "" : ": " + printable(problem)) << '\n';
}

int status(Context& context, const AgentOptions& options) {
  const auto read = status_of(options.config);
  if (!read) return context.complain(read.error());
  if (context.json()) {
    context.print(*read);
    return cli::kDone;
  }
  const bool runs = read->at("running").as_bool();
  const auto since = time_of(*read, "since");
  context.out() << "Node " << printable(text_of(*read, "node")) << ": the agent "
                << (runs ? "runs" : "does not run; this is its last word")
                << (since ? ", like this since " + cli::day_and_time(*since, cli::now()) : "")
                << ".\n";
  print_side(context, *read, "database", "database", text_of(*read, "databaseProblem"));
  print_side(context, *read, "wmd     ", "daemon", text_of(*read, "daemonProblem"));
  for (const json::value& value : array_of(*read, "claims")) {
    const json::object& claim = value.as_object();
    const std::string state = text_of(claim, "state");
    context.out() << "  claim " << printable(text_of(claim, "name")) << ": "
                  << (state.empty() ? "new" : state) << '\n';
  }
  context.out() << "  " << number_of(*read, "each") << " jobs for each node, "
                << number_of(*read, "unreported") << " with runs to report\n";
  return runs ? cli::kDone : cli::kFailed;
}

void add_options(CLI::App& app, const std::shared_ptr<AgentOptions>& options) {
  app.add_option("--config", options->config, "Instead of /etc/wm/fleet.toml")->type_name("FILE");
}

}  // namespace

Command::Run set_up_agent(CLI::App& app, const cli::CommandLine&) {
  auto options = std::make_shared<AgentOptions>();
  add_options(app, options);
  app.add_option("--socket", options->socket, "Serve the wmd at this socket")->type_name("PATH");
  app.footer("Example: wm-fleet agent --config ~/fleet.toml");
  return [options](Context& context) { return serve(context, *options); };
}

Command::Run set_up_status(CLI::App& app, const cli::CommandLine&) {
  auto options = std::make_shared<AgentOptions>();
  add_options(app, options);
  app.footer("Exits 1 if the agent does not run.\nExample: wm-fleet status");
  return [options](Context& context) { return status(context, *options); };
}

}  // namespace wm::fleet
