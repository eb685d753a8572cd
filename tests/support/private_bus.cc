#include "tests/support/private_bus.h"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wm {
namespace {

constexpr std::array kBuses{"DBUS_SYSTEM_BUS_ADDRESS", "DBUS_SESSION_BUS_ADDRESS"};

void append(sd_bus_message* message, const BusValue& value) {
  struct Append {
    sd_bus_message* message;
    void operator()(bool flag) const { sd_bus_message_append(message, "v", "b", int{flag}); }
    void operator()(std::int64_t number) const {
      sd_bus_message_append(message, "v", "u", static_cast<std::uint32_t>(number));
    }
    void operator()(double number) const { sd_bus_message_append(message, "v", "d", number); }
    void operator()(const std::string& text) const {
      sd_bus_message_append(message, "v", "s", text.c_str());
    }
  };
  std::visit(Append{message}, value);
}

}  // namespace

PrivateBus::PrivateBus() : address_("unix:path=" + (directory_.path() / "bus").string()) {
  for (const char* bus : kBuses) ::setenv(bus, address_.c_str(), 1);
  start();
}

PrivateBus::~PrivateBus() {
  stop();
  for (const char* bus : kBuses) ::unsetenv(bus);
}

// It prints its address once it listens.
void PrivateBus::start() {
  std::array<int, 2> said{};
  if (::pipe2(said.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, said[1], 1);
  std::string address = "--address=" + address_;
  std::string program = "dbus-daemon";
  std::string session = "--session";
  std::string here = "--nofork";
  std::string print = "--print-address=1";
  std::array<char*, 6> arguments{program.data(), session.data(), here.data(),
                                 print.data(),   address.data(), nullptr};
  const int problem =
      ::posix_spawnp(&pid_, "dbus-daemon", &files, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::close(said[1]);
  char one = 0;
  const bool listens = problem == 0 && ::read(said[0], &one, 1) == 1;
  ::close(said[0]);
  if (!listens) throw std::runtime_error("dbus-daemon does not start");
}

void PrivateBus::stop() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void PrivateBus::restart() {
  stop();
  std::filesystem::remove(directory_.path() / "bus");
  start();
}

FakeService::FakeService(const PrivateBus& bus, const std::string& name) {
  sd_bus_new(&bus_);
  sd_bus_set_address(bus_, bus.address().c_str());
  sd_bus_set_bus_client(bus_, 1);
  if (sd_bus_start(bus_) < 0 || sd_bus_request_name(bus_, name.c_str(), 0) < 0) {
    throw std::runtime_error("no service " + name);
  }
  sd_bus_add_filter(bus_, nullptr, take, this);
}

FakeService::~FakeService() { sd_bus_flush_close_unref(bus_); }

void FakeService::set(const std::string& path, const std::string& interface,
                      const std::string& property, const BusValue& value) {
  objects_[{path, interface}][property] = value;
  sd_bus_message* signal = nullptr;
  sd_bus_message_new_signal(bus_, &signal, path.c_str(), "org.freedesktop.DBus.Properties",
                            "PropertiesChanged");
  sd_bus_message_append(signal, "sa{sv}as", interface.c_str(), 0, 1, property.c_str());
  sd_bus_send(bus_, signal, nullptr);
  sd_bus_message_unref(signal);
}

void FakeService::emit(const std::string& path, const std::string& interface,
                       const std::string& signal, bool argument) {
  sd_bus_emit_signal(bus_, path.c_str(), interface.c_str(), signal.c_str(), "b",
                     static_cast<int>(argument));
}

void FakeService::pump() {
  while (sd_bus_process(bus_, nullptr) > 0) {
  }
  sd_bus_flush(bus_);
}

int FakeService::take(sd_bus_message* message, void* self, sd_bus_error*) {
  return static_cast<FakeService*>(self)->reply(message);
}

int FakeService::reply(sd_bus_message* call) {
  const char* argument = nullptr;
  if (sd_bus_message_is_method_call(call, nullptr, "GetDeviceByIpIface") > 0) {
    sd_bus_message_read(call, "s", &argument);
    const auto device = devices_.find(argument);
    if (device == devices_.end()) return sd_bus_reply_method_errorf(call, "no.Device", "none");
    return sd_bus_reply_method_return(call, "o", device->second.c_str());
  }
  if (sd_bus_message_is_method_call(call, nullptr, "Notify") > 0) {
    const char* icon = nullptr;
    const char* title = nullptr;
    const char* body = nullptr;
    std::uint32_t replaced = 0;
    sd_bus_message_read(call, "susss", &argument, &replaced, &icon, &title, &body);
    shown_.push_back(std::string(title) + '|' + body + '|' + std::to_string(replaced));
    return sd_bus_reply_method_return(call, "u", static_cast<std::uint32_t>(shown_.size()));
  }
  if (sd_bus_message_is_method_call(call, nullptr, "Get") > 0) return reply_environment(call);
  if (sd_bus_message_is_method_call(call, nullptr, "GetAll") <= 0) return 0;
  sd_bus_message_read(call, "s", &argument);
  const auto object = objects_.find({sd_bus_message_get_path(call), argument});
  if (object == objects_.end()) return sd_bus_reply_method_errorf(call, "no.Object", "none");
  sd_bus_message* answer = nullptr;
  sd_bus_message_new_method_return(call, &answer);
  sd_bus_message_open_container(answer, 'a', "{sv}");
  for (const auto& [name, value] : object->second) {
    sd_bus_message_open_container(answer, 'e', "sv");
    sd_bus_message_append(answer, "s", name.c_str());
    append(answer, value);
    sd_bus_message_close_container(answer);
  }
  sd_bus_message_close_container(answer);
  sd_bus_send(bus_, answer, nullptr);
  sd_bus_message_unref(answer);
  return 1;
}

int FakeService::reply_environment(sd_bus_message* call) {
  sd_bus_message* answer = nullptr;
  sd_bus_message_new_method_return(call, &answer);
  sd_bus_message_open_container(answer, 'v', "as");
  sd_bus_message_open_container(answer, 'a', "s");
  for (const std::string& variable : environment_) {
    sd_bus_message_append(answer, "s", variable.c_str());
  }
  sd_bus_message_close_container(answer);
  sd_bus_message_close_container(answer);
  sd_bus_send(bus_, answer, nullptr);
  sd_bus_message_unref(answer);
  return 1;
}

bool run_until(boost::asio::io_context& loop, const std::vector<FakeService*>& services,
               const std::function<bool()>& reached) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!reached()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    for (FakeService* service : services) service->pump();
    loop.restart();
    loop.run_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace wm
