// How the agent finds fleet work and brings it to the node's wmd.
#include <algorithm>
#include <set>

#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "cli/caller.h"
#include "core/json_fields.h"
#include "core/request_json.h"
#include "fleet/agent/agent.h"
#include "fleet/agent/asking.h"
#include "fleet/agent/boot_clock.h"

namespace wm::fleet {

namespace asio = boost::asio;
namespace json = boost::json;

int Agent::free_slots() const { return std::max(slots_ - static_cast<int>(held_.size()), 0); }

// Nothing else says that declined work may be taken again.
Duration Agent::asks_at() const {
  return std::min(ask_at_, held_.wanted_again().value_or(ask_at_));
}

asio::awaitable<void> Agent::ask_for_work() {
  if (!database_ || since_boot() < asks_at()) co_return;
  const Duration sent = since_boot();
  json::object said{{"holds", holds_},       {"custom", json::value_from(custom_)},
                    {"conditions", values_}, {"want", free_slots()},
                    {"take", true},          {"without", json::value_from(held_.unwanted(sent))},
                    {"seen", seen_}};
  // Before the question: a hint that comes during it is about what the answer does not know.
  const Duration pause = between_questions(nodes_, hints_come_);
  ask_at_ = sent + pause + some_of(pause);
  const auto answer = co_await ask("ask", std::move(said));
  if (!answer) co_return;
  if (const json::value* next = answer->if_contains("nextMs"); next && next->is_number()) {
    ask_at_ = std::min(ask_at_, since_boot() + Duration{number_of(*answer, "nextMs")} +
                                    some_of(spread_of(nodes_)));
  }
  if (auto wanted = texts_of(*answer, "custom"); wanted != wanted_custom_) {
    wanted_custom_ = std::move(wanted);
    conditions_changed_ = true;
    wake();
  }
  const json::value* const each = answer->if_contains("each");
  const bool is_news = each && each->is_array();
  if (is_news) {
    co_await settle_each(each->as_array());
    seen_ = number_of(*answer, "change");
  }
  co_await hold(array_of(*answer, "claims"), sent);
  const bool took = co_await claim(array_of(*answer, "offers"));
  ask_pause_.asked(sent, !is_news && !took && array_of(*answer, "claims").empty());
  // There may be more where these were.
  if (!array_of(*answer, "claims").empty()) ask_at_ = Duration::zero();
  if (free_slots() == 0) ask_at_ = std::max(ask_at_, sent + pause);
  if (ask_at_ == Duration::zero()) wake();
}

// True if it took some.
asio::awaitable<bool> Agent::claim(json::array offers) {
  json::array pieces;
  std::map<std::string, bool> known;  // The daemon's answers for these constraints.
  std::set<std::string> names;
  for (const json::value& value : offers) {
    const json::object& offer = value.as_object();
    const std::string name = text_of(offer, "name");
    if (!held_.wants(name, since_boot()) || !names.insert(name).second) continue;
    const std::string key =
        json::serialize(object_of(offer, "constraints")) + text_of(offer, "timeZone");
    const auto [entry, is_new] = known.try_emplace(key, false);
    if (is_new) {
      entry->second = co_await holds(object_of(offer, "constraints"), text_of(offer, "timeZone"));
    }
    if (entry->second) pieces.push_back(offer.at("piece"));
  }
  if (pieces.empty() || free_slots() == 0) co_return false;
  const std::size_t offered = pieces.size();
  json::object said{{"pieces", std::move(pieces)}, {"want", free_slots()}};
  const Duration sent = since_boot();
  const auto answer = co_await ask("claim", std::move(said));
  if (!answer) co_return false;
  co_await hold(array_of(*answer, "claims"), sent);
  // Other nodes took some of them, so the agent asks again.
  if (array_of(*answer, "claims").size() < offered) ask_at_ = Duration::zero();
  co_return !array_of(*answer, "claims").empty();
}

// Registers claims that were asked for at `sent`.
asio::awaitable<void> Agent::hold(json::array claims, Duration sent) {
  for (const json::value& value : claims) {
    auto claim = claim_from_json(value.as_object());
    if (!claim) {  // A newer agent elsewhere may be able to read it.
      spdlog::warn("a claim cannot be read: {}", claim.error().message);
      continue;
    }
    const std::string name = claim->name;
    held_.add(std::move(*claim), sent);
    co_await register_claim(name);
  }
}

asio::awaitable<void> Agent::register_claim(std::string name) {
  const Claim claim = held_.find(name)->claim;
  const auto registered =
      co_await register_here(local_claim(claim, settings_.node), ExistingPolicy::replace);
  if (registered) {
    origins_.add(name, *registered, {claim.piece, claim.fence, 0});
    if (HeldClaim* const held = held_.find(name)) {
      held->id = *registered;
      if (held->state.empty()) held->set_state("enqueued", since_boot());
    }
    co_await feed();
    co_return;
  }
  if (registered.error().code == ErrorCode::unreachable) {
    lose_daemon(registered.error().message);
    co_return;
  }
  constexpr Duration kUntilAskedAgain = 10min;  // The node's owner may change its mind.
  spdlog::warn("'{}': wmd does not take it: {}", name, registered.error().message);
  unreported_refusals_.push_back({{"name", name},
                                  {"generation", claim.generation},
                                  {"state", "refused"},
                                  {"missing", registered.error().message}});
  std::vector<std::string> names{name};
  co_await hand_back(std::move(names));
  held_.decline(name, since_boot() + kUntilAskedAgain);
}

asio::awaitable<Result<std::string>> Agent::register_here(WorkRequest request,
                                                          ExistingPolicy existing) {
  if (!request.command.empty()) {
    auto program = cli::find_program(request.command.front());
    if (!program) co_return std::unexpected(program.error());
    request.command.front() = std::move(*program);
  }
  json::object said{{"work", to_json(request)}, {"existing", word(existing)}};
  const auto registered = co_await daemon_->call("Register", std::move(said));
  if (!registered) co_return std::unexpected(registered.error());
  co_return text_of(object_of(*registered, "work"), "id");
}

asio::awaitable<void> Agent::cancel(std::string name) {
  if (!daemon_) co_return;
  json::object said{{"uniqueNames", json::array{local_name(name)}}};
  const auto cancelled = co_await daemon_->call("Cancel", std::move(said));
  if (!cancelled && cancelled.error().code == ErrorCode::unreachable) {
    lose_daemon(cancelled.error().message);
  }
}

asio::awaitable<Result<std::string>> Agent::register_each(json::object wanted, int generation) {
  auto request = request_from_json(object_of(wanted, "request"));
  if (!request) co_return std::unexpected(request.error());
  co_return co_await register_here(local_each(std::move(*request), generation, settings_.node),
                                   ExistingPolicy::update);
}

// Brings the daemon's `each` work to what is wanted.
asio::awaitable<void> Agent::settle_each(json::array wanted) {
  std::set<std::string> names;
  for (const json::value& value : wanted) {
    const json::object& one = value.as_object();
    const std::string name = text_of(one, "name");
    const int generation = static_cast<int>(number_of(one, "generation"));
    names.insert(name);
    Each& each = each_[name];
    if (each.generation == generation) continue;
    const json::value* const ended = one.if_contains("ended");
    if (ended && ended->is_bool() && ended->get_bool()) {
      each_.erase(name);
      continue;
    }
    // Its events come while the daemon is asked to register it.
    each = {generation, "enqueued", "", false};
    each_changed_ = true;
    const auto registered = co_await register_each(one, generation);
    if (registered) continue;
    if (registered.error().code == ErrorCode::unreachable) {
      co_return lose_daemon(registered.error().message);
    }
    each_[name] = {generation, "refused", registered.error().message, false};
  }
  std::vector<std::string> gone;
  for (const auto& [name, each] : each_) {
    if (!names.contains(name)) gone.push_back(name);
  }
  for (const std::string& name : gone) {
    each_.erase(name);
    co_await cancel(name);
  }
}

}  // namespace wm::fleet
