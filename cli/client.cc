#include "cli/client.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/arrival.h"
#include "cli/render/why.h"
#include "core/json_fields.h"
#include "core/json_reader.h"
#include "core/messages.h"
#include "core/size.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

std::unexpected<Error> unreachable(const std::string& what) {
  return fail(ErrorCode::unreachable, what);
}

}  // namespace

Error error_of(std::string_view name, const json::object& parameters) {
  const auto text = [&](std::string_view key) { return text_of(parameters, key); };
  constexpr std::string_view kPrefix = "io.wm.Scheduler.";
  const std::string_view kind = name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
  if (kind == "NoSuchWork" && !text("message").empty()) {
    return {ErrorCode::not_found, text("message")};
  }
  if (kind == "NoSuchWork") {
    return {ErrorCode::not_found, "no such job: '" + text("uniqueName") + "': see wm list --all"};
  }
  if (kind == "NoSuchRun") {
    const json::value* run = parameters.if_contains("run");
    const bool never = run && run->is_int64() && run->get_int64() == 0;
    return {ErrorCode::not_found, "'" + text("uniqueName") +
                                      (never ? "' has not run yet: " : "' has no such run: ") +
                                      command_line(never ? "why" : "history", text("uniqueName"))};
  }
  if (kind == "InvalidRequest") return {ErrorCode::invalid, text("message")};
  if (kind == "Refused") return {ErrorCode::refused, text("message")};
  if (kind == "NotPermitted") return {ErrorCode::not_permitted, text("message")};
  if (kind == "Failed") return {ErrorCode::failed, text("message")};
  return {ErrorCode::failed, "the daemon does not understand: " + std::string(name) +
                                 "; is its version different from wm's?"};
}

Result<Client> Client::connect(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::invalid, "the socket's path is too long: " + socket);
  }
  socket.copy(address.sun_path, socket.size());
  Client client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (client.fd_ < 0 ||
      ::connect(client.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const auto code = errno == EACCES ? ErrorCode::not_permitted : ErrorCode::unreachable;
    return fail(code, "no daemon answers at " + socket + ": " + std::strerror(errno));
  }
  return client;
}

Client::Client(Client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      received_(std::move(other.received_)),
      deadline_(other.deadline_),
      timed_out_(other.timed_out_),
      period_(other.period_),
      on_silence_(std::move(other.on_silence_)),
      others_(std::move(other.others_)),
      on_other_(std::move(other.on_other_)),
      heard_(other.heard_),
      owner_(other.owner_) {}

Client& Client::operator=(Client&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(received_, other.received_);
  std::swap(deadline_, other.deadline_);
  std::swap(timed_out_, other.timed_out_);
  std::swap(period_, other.period_);
  std::swap(on_silence_, other.on_silence_);
  std::swap(others_, other.others_);
  std::swap(on_other_, other.on_other_);
  std::swap(heard_, other.heard_);
  std::swap(owner_, other.owner_);
  return *this;
}

Client::~Client() {
  if (fd_ >= 0) ::close(fd_);
}

Result<json::object> Client::call(std::string_view method, json::object parameters) {
  if (auto sent = send(method, std::move(parameters), false); !sent) {
    return std::unexpected(sent.error());
  }
  return take_answer();
}

Result<json::object> Client::take_answer() {
  auto message = receive();
  if (!message) return message;
  json::value& answer = (*message)["parameters"];
  return answer.is_object() ? std::move(answer.as_object()) : json::object{};
}

Result<> Client::stream(std::string_view method, json::object parameters, const OnReply& on_reply) {
  if (auto sent = send(method, std::move(parameters), true); !sent) return sent;
  return take_answers(on_reply);
}

Result<> Client::take_answers(const OnReply& on_reply) {
  for (;;) {
    auto message = receive();
    if (!message) return std::unexpected(message.error());
    if (json::value& answer = (*message)["parameters"]; answer.is_object()) {
      on_reply(answer.as_object());
    }
    const json::value* continues = message->if_contains("continues");
    if (!continues || !continues->is_bool() || !continues->get_bool()) return {};
  }
}

Result<> Client::send(std::string_view method, json::object parameters, bool more) {
  if (owner_) parameters["owner"] = *owner_;
  json::object call{{"method", "io.wm.Scheduler." + std::string(method)},
                    {"parameters", std::move(parameters)}};
  if (more) call["more"] = true;
  const std::string message = json::serialize(call) + '\0';
  if (message.size() > kMostInMessage + 1) {
    return fail(
        ErrorCode::invalid,
        "this is too much at once: " + format_size(static_cast<std::int64_t>(message.size())) +
            ", and a message may have at most " + format_size(std::int64_t{kMostInMessage}) +
            ": send it in several parts");
  }
  for (std::string_view rest = message; !rest.empty();) {
    const ssize_t length = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (length < 0 && errno == EINTR) continue;
    // If the daemon refused us, or the size of the message, its answer says so.
    if (length < 0 && (errno == EPIPE || errno == ECONNRESET)) break;
    if (length < 0) return unreachable(std::string("the daemon hung up: ") + std::strerror(errno));
    rest.remove_prefix(static_cast<std::size_t>(length));
  }
  return {};
}

Result<json::object> Client::receive() {
  const auto text = receive_message();
  if (!text) return std::unexpected(text.error());
  auto message = parse_object("the daemon's answer", *text);
  if (!message) return fail(ErrorCode::failed, message.error().message);
  if (const json::value* name = message->if_contains("error"); name && name->is_string()) {
    return std::unexpected(error_of(name->get_string(), object_of(*message, "parameters")));
  }
  return message;
}

bool Client::wait_readable() {
  while (deadline_ || on_silence_ || !others_.empty()) {
    const int time = deadline_ ? poll_time(*deadline_) : -1;
    const int period = static_cast<int>(period_.count());
    const bool may_be_silent = on_silence_ && (time < 0 || period < time);
    std::vector<pollfd> readable{{fd_, POLLIN, 0}};
    for (const int other : others_) readable.push_back({other, POLLIN, 0});
    const int ready = ::poll(readable.data(), readable.size(), may_be_silent ? period : time);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0 || readable.front().revents != 0) return true;
    if (ready > 0) {
      if (!on_other_()) others_.clear();
    } else if (may_be_silent) {
      on_silence_();
    } else {
      timed_out_ = true;
      return false;
    }
  }
  return true;
}

Result<std::string> Client::receive_message() {
  std::array<char, 65'536> buffer;
  for (std::size_t searched = 0;;) {
    if (const std::size_t end = received_.find('\0', searched); end != std::string::npos) {
      std::string message = received_.substr(0, end);
      received_.erase(0, end + 1);
      heard_ = true;
      return message;
    }
    searched = received_.size();
    if (!wait_readable()) return fail(ErrorCode::failed, "the time is up");
    const ssize_t length = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return unreachable(std::string("the daemon hung up: ") + std::strerror(errno));
    if (length == 0) return unreachable("the daemon hung up before it answered");
    received_.append(buffer.data(), static_cast<std::size_t>(length));
  }
}

}  // namespace wm::cli
