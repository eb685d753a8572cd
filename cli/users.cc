#include "cli/users.h"

#include <sstream>
#include <utility>

#include <unistd.h>

#include "cli/program_output.h"
#include "core/text.h"

namespace wm::cli {
namespace {

using Users = std::vector<std::pair<uid_t, std::string>>;

// Those of the names and numbers that the system knows.
Users look_up(const std::vector<std::string>& keys) {
  std::vector<std::string> command{"/usr/bin/getent", "passwd", "--"};
  command.insert(command.end(), keys.begin(), keys.end());
  Users users;
  std::istringstream lines(output_of(std::move(command)).out);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string name;
    std::string password;
    std::string number;
    std::getline(std::getline(std::getline(fields, name, ':'), password, ':'), number, ':');
    if (const auto user = parse_number<uid_t>(number)) users.emplace_back(*user, name);
  }
  return users;
}

}  // namespace

Result<uid_t> find_user(const std::string& name) {
  if (const Users found = look_up({name}); !found.empty()) return found.front().first;
  if (const auto number = parse_number<uid_t>(name)) return *number;
  return fail(ErrorCode::invalid, "there is no user '" + printable(name) + "'");
}

void UserNames::learn(const std::vector<uid_t>& users) {
  std::vector<std::string> fresh;
  for (const uid_t user : users) {
    std::string number = std::to_string(user);
    if (names_.emplace(user, number).second) fresh.push_back(std::move(number));
  }
  if (fresh.empty()) return;
  for (auto& [user, name] : look_up(fresh)) names_.insert_or_assign(user, std::move(name));
}

std::string OwnerMarks::of(uid_t owner) {
  if (named_ || owner == ::geteuid()) return "";
  names_.learn({owner});
  return " (" + names_.of(owner) + ")";
}

std::string UserNames::of(uid_t user) const {
  const auto known = names_.find(user);
  return known == names_.end() ? std::to_string(user) : known->second;
}

}  // namespace wm::cli
