#include "daemon/system/users.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "core/text.h"

namespace wm {
namespace {

// `look` is getpwuid_r() or getpwnam_r() for one user.
template <class Look>
Result<User> find(const std::string& which, Look look) {
  std::vector<char> buffer(16'384);
  passwd entry{};
  passwd* found = nullptr;
  int problem = 0;
  while ((problem = look(&entry, buffer.data(), buffer.size(), &found)) == ERANGE) {
    buffer.resize(buffer.size() * 2);
  }
  if (!found) {
    return fail(
        ErrorCode::not_found,
        "there is no user " + which + (problem ? std::string(": ") + std::strerror(problem) : ""));
  }
  User user{entry.pw_uid, entry.pw_gid, {}, entry.pw_name, entry.pw_dir, entry.pw_shell};
  int count = 32;
  user.groups.resize(static_cast<std::size_t>(count));
  while (::getgrouplist(entry.pw_name, entry.pw_gid, user.groups.data(), &count) < 0) {
    user.groups.resize(static_cast<std::size_t>(count));
  }
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

}  // namespace

Result<User> find_user(uid_t uid) {
  return find("with the id " + std::to_string(uid),
              [&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
                return ::getpwuid_r(uid, entry, buffer, size, found);
              });
}

Result<User> find_user(const std::string& name) {
  return find("'" + printable(name) + "'",
              [&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
                return ::getpwnam_r(name.c_str(), entry, buffer, size, found);
              });
}

User own_user(const std::string& directory) {
  if (const auto user = find_user(::geteuid())) return *user;
  const auto given = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  User user{::geteuid(), ::getegid(), {}, given("USER"), given("HOME"), "/bin/sh"};
  user.groups.resize(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
  ::getgroups(static_cast<int>(user.groups.size()), user.groups.data());
  if (user.name.empty()) user.name = std::to_string(user.uid);
  std::error_code none;
  if (!user.home.starts_with('/') || !std::filesystem::is_directory(user.home, none)) {
    user.home = directory;
  }
  return user;
}

std::optional<gid_t> find_group(const std::string& name) {
  std::vector<char> buffer(16'384);
  group entry{};
  group* found = nullptr;
  while (::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == ERANGE) {
    buffer.resize(buffer.size() * 2);
  }
  return found ? std::optional(entry.gr_gid) : std::nullopt;
}

}  // namespace wm
