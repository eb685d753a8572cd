#include "daemon/system/local_zone.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <regex>
#include <utility>

#include <spdlog/spdlog.h>
#include <sys/inotify.h>

#include "core/zone.h"

namespace wm {
namespace {

constexpr const char* kLocalTime = "/etc/localtime";

// The zone database's name for rules that are just a whole number of hours: JST-9 is nine hours
// ahead, and so is Etc/GMT-9. Other rules are returned unchanged.
std::string name_of_rules(const std::string& rules) {
  static const std::regex kHours(R"((?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)([+-]?)0?([0-9]{1,2}))");
  std::smatch parts;
  if (!std::regex_match(rules, parts, kHours)) return rules;
  return "Etc/GMT" + (parts[1] == "-" ? "-" : std::string("+")) + parts[2].str();
}

// These names need no database.
bool is_utc(std::string_view name) {
  if (name.starts_with(':')) name.remove_prefix(1);
  return name.empty() || name == "UTC" || name == "UTC0" || name == "GMT" || name == "Etc/UTC";
}

// Without such a file the local time is UTC: localtime(5).
bool local_time_is_utc() {
  std::error_code problem;
  const auto link = std::filesystem::read_symlink(kLocalTime, problem);
  return problem == std::errc::no_such_file_or_directory || link.filename() == "UTC";
}

}  // namespace

const date::time_zone* named_zone(const std::string& tz) {
  constexpr std::string_view kDatabase = "/usr/share/zoneinfo/";
  std::string_view name = tz;
  if (name.starts_with(':')) name.remove_prefix(1);
  if (name.starts_with(kDatabase)) name.remove_prefix(kDatabase.size());
  return find_zone(name.empty() ? "UTC" : name_of_rules(std::string(name)));
}

LocalZone::LocalZone(boost::asio::io_context& loop, std::function<void()> changed)
    : watch_(loop), changed_(std::move(changed)), zone_(read()) {
  if (std::getenv("TZ")) return;
  const int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0) {
    spdlog::warn("a change of {} is not noticed: {}", kLocalTime, std::strerror(errno));
    return;
  }
  watch_.assign(fd);
  watch();
  listen();
}

void LocalZone::look() {
  const date::time_zone* zone = read();
  if (zone == std::exchange(zone_, zone)) return;
  spdlog::info("the time zone is now {}", zone ? zone->name() : "UTC");
  changed_();
}

const date::time_zone* LocalZone::read() {
  problem_.clear();
  const date::time_zone* zone = nullptr;
  if (const char* tz = std::getenv("TZ")) {
    zone = named_zone(tz);
    if (!zone && !is_utc(tz)) {
      problem_ = "TZ=" + std::string(tz) +
                 (has_zone_database() ? " is not the name of a time zone"
                                      : " means nothing without a time zone database in "
                                        "/usr/share/zoneinfo (package tzdata)");
    }
  } else {
    try {
      zone = date::current_zone();
    } catch (const std::exception& e) {
      if (!local_time_is_utc()) {
        problem_ = std::string(kLocalTime) + " names no time zone (" + e.what() + ")";
      }
    }
  }
  if (!problem_.empty()) spdlog::warn("{}: calendars use UTC", problem_);
  return zone;
}

// Watches the link itself, which timedatectl and dpkg replace, or the directory while there is no
// link.
void LocalZone::watch() {
  const int fd = watch_.native_handle();
  const std::uint32_t replaced =
      IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_CLOSE_WRITE | IN_DONT_FOLLOW;
  if (::inotify_add_watch(fd, kLocalTime, replaced) >= 0) return;
  if (::inotify_add_watch(fd, "/etc", IN_CREATE | IN_MOVED_TO | IN_ONESHOT) < 0) {
    spdlog::warn("a change of {} is not noticed: {}", kLocalTime, std::strerror(errno));
  }
}

void LocalZone::listen() {
  watch_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [this](const boost::system::error_code& closed) {
                      if (closed) return;
                      std::array<char, 4096> events;
                      while (::read(watch_.native_handle(), events.data(), events.size()) > 0) {
                      }
                      watch();
                      look();
                      listen();
                    });
}

}  // namespace wm
