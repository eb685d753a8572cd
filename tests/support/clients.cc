#include "tests/support/clients.h"

#include <cstdlib>

namespace wm {

namespace json = boost::json;

namespace {

std::filesystem::path new_directory() {
  std::string name = std::filesystem::temp_directory_path() / "wm-clients.XXXXXX";
  if (!::mkdtemp(name.data())) throw std::runtime_error("no directory " + name);
  return name;
}

}  // namespace

json::object SimulatedCall::message() const {
  if (!answered()) return {};
  const std::string& text = *exchange_->message();
  return json::parse(text.substr(0, text.size() - 1)).as_object();
}

std::string SimulatedCall::error() const {
  const json::object all = message();
  const json::value* error = all.if_contains("error");
  return error ? std::string(error->as_string()) : "";
}

json::object SimulatedCall::parameters() const {
  const json::object all = message();
  const json::value* parameters = all.if_contains("parameters");
  return parameters ? parameters->as_object() : json::object();
}

Clients::Clients(World& world)
    : world_(world),
      directory_(new_directory()),
      log_(loop_, directory_, world.settings.history.max_log_bytes) {
  world_.after_restart = [this, before = world_.after_restart] {
    before();
    start();
  };
  world_.serve = [this] { return turns_->take(world_.now).has_value(); };
  start();
}

Clients::~Clients() {
  world_.serve = nullptr;
  world_.after_restart = [] {};
  std::filesystem::remove_all(directory_);
}

void Clients::start() {
  methods_ = std::make_unique<Methods>(MethodsContext{
      .manager = world_.manager(),
      .store = world_.store,
      .sensors = sensors_,
      .paths = paths_,
      .log = log_,
      .settings = world_.settings,
      .identity = {"", "", world_.now},
      .operations = {.reexec = [](const ExchangePtr&) {},
                     .connection_count = [] { return std::size_t{1}; },
                     .metrics = [] { return std::string(); },
                     .diagnose = [](const auto&, uid_t) { return std::vector<Finding>(); }},
      .look_at_programs =
          [](uid_t, const auto& commands, const auto& done) {
            std::vector<Result<>> results;
            for (const UsersCommand& one : commands) results.push_back(check_executable(one));
            done(results);
          },
      .room_to_keep = [](uid_t, std::size_t most) { return most; }});
  turns_ = std::make_unique<Turns>(world_.manager(), *methods_,
                                   [this](const TurnReport& report, TimePoint) {
                                     world_.write_down(report);
                                     world_.after_turn(report);
                                   });
}

SimulatedCall Clients::call(uid_t user, std::string_view method, json::object parameters) {
  varlink::Call call{"io.wm.Scheduler." + std::string(method), std::move(parameters)};
  auto exchange = std::make_shared<Exchange>(std::move(call), Peer{user, 1}, [] {});
  methods_->take(exchange);
  return SimulatedCall(std::move(exchange));
}

}  // namespace wm
