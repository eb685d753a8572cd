#include "daemon/turn/admission.h"

#include <algorithm>
#include <tuple>

#include <unistd.h>

#include "core/text.h"
#include "daemon/system/users.h"

namespace wm {
namespace {

constexpr std::size_t kMaxRequestWeight = std::size_t{128} << 10;
constexpr std::int32_t kUsualCpuWeight = 100;

// The user whose rights the job's runs will have.
Result<uid_t> user_of(const std::string& as, uid_t asker) {
  if (as.empty()) return asker;
  if (asker != 0) {
    return fail(ErrorCode::not_permitted,
                "only root may register jobs that run as '" + printable(as) + "'");
  }
  const auto user = find_user(as);
  if (!user) return fail(ErrorCode::invalid, user.error().message);
  return user->uid;
}

// Refuses what takes time of the processors away from others: whose jobs share a daemon with other
// users' has the usual share, or less.
Result<> check_terms(const RunTerms& terms, uid_t asker) {
  if (asker == 0) return {};
  const auto only_root = [](const std::string& what, const std::string& way_out) {
    return fail(ErrorCode::not_permitted, what + " is only for root: " + way_out);
  };
  if (const std::int32_t nice = terms.nice.value_or(0); nice < 0) {
    return only_root("nice " + std::to_string(nice), "give 0 to 19");
  }
  const bool is_shared = asker != ::geteuid();
  const std::int32_t weight = terms.bounds.cpu_weight.value_or(kUsualCpuWeight);
  if (is_shared && weight > kUsualCpuWeight) {
    return only_root("cpu-weight " + std::to_string(weight) + " in a daemon for all users",
                     "give 1 to " + std::to_string(kUsualCpuWeight));
  }
  return {};
}

}  // namespace

std::size_t weight_of(const WorkRequest& request) {
  std::size_t weight = 2048 + request.input.size() + request.description.size();
  for (const std::string& argument : request.command) weight += argument.size() + 8;
  for (const std::string& tag : request.tags) weight += tag.size() + 8;
  for (const std::string& name : request.prerequisites) weight += name.size() + 8;
  for (const auto& [name, value] : request.env) weight += name.size() + value.size() + 8;
  return weight;
}

Result<> check_declared(const std::vector<std::string>& custom, const Settings& settings) {
  for (const std::string& name : custom) {
    if (settings.conditions.contains(name)) continue;
    return fail(ErrorCode::invalid, "the configuration declares no condition '" + printable(name) +
                                        "': add [conditions." + printable(name) + "] to wmd.toml");
  }
  return {};
}

bool may_register(const Permissions& permissions, uid_t uid) {
  const auto& [users, groups] = std::tie(permissions.users, permissions.groups);
  if ((!users && !groups) || uid == 0 || uid == ::geteuid()) return true;
  const auto user = find_user(uid);
  if (!user) return false;
  if (users && std::ranges::count(*users, user->name) > 0) return true;
  return groups && std::ranges::any_of(*groups, [&](const std::string& name) {
           const auto gid = find_group(name);
           return gid && std::ranges::count(user->groups, *gid) > 0;
         });
}

Result<> check_permitted(const WorkRequest& request, const Permissions& permissions, uid_t asker) {
  const auto refused = [](std::string message) {
    return fail(ErrorCode::refused, std::move(message));
  };
  if (!may_register(permissions, asker)) {
    return fail(ErrorCode::not_permitted,
                "you may not register jobs here: policy.allow_users and policy.allow_groups name "
                "who may");
  }
  if (auto terms = check_terms(request.terms, asker); !terms) return terms;
  if (!request.command.empty()) {
    if (permissions.allows_commands()) return {};
    return refused(
        "no commands may be registered here, only declared tasks: see "
        "wm tasks, and policy.allow_commands");
  }
  if (!permissions.tasks || std::ranges::count(*permissions.tasks, request.task_name) > 0) {
    return {};
  }
  return refused("the task '" + printable(request.task_name) +
                 "' may not be registered here: policy.permitted_tasks does not name it");
}

Result<> check_request(const WorkRequest& request, const Settings& settings, uid_t asker) {
  if (auto valid = validate(request, settings.limits); !valid) return valid;
  std::vector<std::string> custom = request.constraints.custom;
  for (const Preference& preference : request.prefer) {
    custom.insert(custom.end(), preference.constraints.custom.begin(),
                  preference.constraints.custom.end());
  }
  if (auto declared = check_declared(custom, settings); !declared) return declared;
  const auto user = user_of(request.terms.as, asker);
  if (!user) return std::unexpected(user.error());
  if (auto permitted = check_permitted(request, settings.permissions, asker); !permitted) {
    return permitted;
  }
  if (weight_of(request) > kMaxRequestWeight) {
    return fail(ErrorCode::invalid,
                "the job is too large: command, environment, description, tags and prerequisites "
                "may have at most " +
                    std::to_string(kMaxRequestWeight) + " bytes in total");
  }
  const auto command = resolve_command(request, settings);
  return command ? Result<>() : std::unexpected(command.error());
}

Result<UsersCommand> command_of(const WorkRequest& request, const Settings& settings, uid_t asker) {
  const auto user = user_of(request.terms.as, asker);
  if (!user) return std::unexpected(user.error());
  auto words = resolve_command(request, settings);
  if (!words) return std::unexpected(words.error());
  return UsersCommand{std::move(*words), *user};
}

}  // namespace wm
