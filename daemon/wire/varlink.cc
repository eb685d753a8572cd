#include "daemon/wire/varlink.h"

#include "core/json_reader.h"
#include "core/version.h"
#include "daemon/wire/interface.h"

namespace wm::varlink {

namespace json = boost::json;

namespace {

constexpr std::string_view kServiceDescription =
    R"(# The interface that every Varlink service has.
interface org.varlink.service

method GetInfo() -> (
  vendor: string,
  product: string,
  version: string,
  url: string,
  interfaces: []string
)

method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)
error MethodNotFound (method: string)
error MethodNotImplemented (method: string)
error InvalidParameter (parameter: string)
)";

constexpr std::string_view kVarlinkService = "org.varlink.service";

bool is_small(std::string_view method) {
  return method.substr(0, method.rfind('.')) == kSmallInterfaceName;
}

std::string small_description() {
  std::string text(kInterfaceDescription);
  const std::string line = "\ninterface ";
  text.replace(text.find(line) + line.size(), kInterfaceName.size(), kSmallInterfaceName);
  return text;
}

std::string describe(const Call& call) {
  const json::value* wanted = call.parameters.if_contains("interface");
  if (!wanted || !wanted->is_string()) {
    return error("org.varlink.service.InvalidParameter", {{"parameter", "interface"}});
  }
  const std::string_view name = wanted->get_string();
  if (name == kVarlinkService) return reply({{"description", kServiceDescription}}, false);
  if (name == kInterfaceName) return reply({{"description", kInterfaceDescription}}, false);
  if (name == kSmallInterfaceName) return reply({{"description", small_description()}}, false);
  return error("org.varlink.service.InterfaceNotFound", {{"interface", name}});
}

std::string finish(const json::object& message) { return json::serialize(message) + '\0'; }

}  // namespace

Result<Call> parse_call(std::string_view message) {
  // All its values share memory that is given back at once: a file's jobs are many.
  const auto memory = json::make_shared_resource<json::monotonic_resource>(
      std::max<std::size_t>(message.size(), 1024));
  auto object = parse_object("the message", message, memory);
  if (!object) return std::unexpected(object.error());
  Call call{.parameters = json::object(memory), .size = message.size()};
  const json::object* parameters = nullptr;
  bool upgrade = false;
  const auto read = JsonReader(*object)
                        .read("method", call.method)
                        .read("parameters", parameters)
                        .read("more", call.more)
                        .read("oneway", call.oneway)
                        .read("upgrade", upgrade)
                        .finish("the message");
  if (!read) return std::unexpected(read.error());
  if (parameters) call.parameters = std::move(object->at("parameters").as_object());
  if (call.method.empty()) return fail(ErrorCode::invalid, "the message names no method");
  call.small = is_small(call.method);
  if (call.small) call.method.replace(0, kInterfaceName.size(), kInterfaceName);
  return call;
}

std::string reply(json::object parameters, bool continues) {
  json::object message{{"parameters", std::move(parameters)}};
  if (continues) message["continues"] = true;
  return finish(message);
}

std::string error(std::string_view name, json::object parameters) {
  return finish({{"error", name}, {"parameters", std::move(parameters)}});
}

namespace {

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return "io.wm.Scheduler.InvalidRequest";
    case ErrorCode::not_found:
      return "io.wm.Scheduler.NoSuchWork";
    case ErrorCode::refused:
      return "io.wm.Scheduler.Refused";
    case ErrorCode::not_permitted:
      return "io.wm.Scheduler.NotPermitted";
    case ErrorCode::unreachable:
    case ErrorCode::failed:
      return "io.wm.Scheduler.Failed";
  }
  return "io.wm.Scheduler.Failed";
}

}  // namespace

std::string error(const Error& problem) {
  return error(name_of(problem.code), {{"message", problem.message}});
}

std::string error(const Call& call, std::string_view name, json::object parameters) {
  std::string spelled(name);
  if (call.small && name.starts_with(kInterfaceName)) {
    spelled.replace(0, kInterfaceName.size(), kSmallInterfaceName);
  }
  return error(spelled, std::move(parameters));
}

std::string error(const Call& call, const Error& problem) {
  return error(call, name_of(problem.code), {{"message", problem.message}});
}

std::optional<std::string> answer_introspection(const Call& call) {
  if (!call.method.starts_with(std::string(kVarlinkService) + '.')) return std::nullopt;
  if (call.method == "org.varlink.service.GetInfo") {
    return reply({{"vendor", "wm"},
                  {"product", "wmd"},
                  {"version", kVersion},
                  {"url", ""},
                  {"interfaces", json::array{kVarlinkService, kInterfaceName}}},
                 false);
  }
  if (call.method == "org.varlink.service.GetInterfaceDescription") return describe(call);
  return error("org.varlink.service.MethodNotFound", {{"method", call.method}});
}

}  // namespace wm::varlink
