#include <cstdlib>

#include <unistd.h>

#include "core/text.h"
#include "fleet/command.h"

namespace wm::fleet {

namespace json = boost::json;

cli::Style Context::style() const {
  const bool colors = ::isatty(STDOUT_FILENO) != 0 && !std::getenv("NO_COLOR");
  return cli::Style(colors);
}

int Context::complain(const Error& error) {
  streams_.err << "wm-fleet: " << printable(error.message) << '\n';
  return status_ = cli::exit_status(error.code);
}

void Context::print(const json::value& document) { out() << json::serialize(document) << '\n'; }

Database* Context::database() {
  if (database_) return database_.get();
  auto connected = Database::connect(conninfo_);
  if (!connected) {
    complain({connected.error().code,
              connected.error().message +
                  (conninfo_.empty() ? ": set $PGHOST, $PGUSER or $PGSERVICE, or give --database"
                                     : ": correct what --database says")});
    return nullptr;
  }
  database_ = std::move(*connected);
  return database_.get();
}

std::optional<json::value> Context::ask(std::string sql,
                                        std::vector<std::optional<std::string>> parameters) {
  Database* const fleet = database();
  if (!fleet) return std::nullopt;
  auto answer = fleet->ask(std::move(sql), std::move(parameters));
  if (answer) return std::move(*answer);
  complain_about(answer.error());
  return std::nullopt;
}

void Context::complain_about(Error error) {
  if (database_->failed_with("3F000") || database_->failed_with("42P01")) {
    error = {ErrorCode::refused, "this database has no fleet yet: wm-fleet init"};
  } else if (database_->failed_with("42883")) {
    error = {ErrorCode::refused, "this fleet is older than this program: wm-fleet migrate"};
  } else if (database_->failed_with("25006")) {
    error = {ErrorCode::refused, "the database takes no changes now: it is read-only"};
  }
  complain(error);
}

bool Context::for_each(const std::string& sql, const std::function<void(const json::value&)>& use) {
  constexpr std::size_t kAtOnce = 1000;
  Database* const fleet = database();
  if (!fleet) return false;
  auto rows = fleet->query("begin; declare found no scroll cursor for " + sql);
  while (rows) {
    rows = fleet->query("fetch " + std::to_string(kAtOnce) + " from found");
    if (!rows) break;
    for (const Row& row : *rows) use(json::parse(row.front().value_or("null"), {}, deep_enough()));
    if (rows->size() < kAtOnce)
      rows = fleet->query("commit");
    else
      continue;
    if (rows) return true;
  }
  complain_about(rows.error());
  return false;
}

bool Context::begin_changes(const json::array& names) {
  Database* const fleet = database();
  if (!fleet) return false;
  if (const auto begun = fleet->query("begin"); !begun) return complain(begun.error()), false;
  return ask("select to_jsonb(true) from wm.begin_changes($1::jsonb)", {json::serialize(names)})
      .has_value();
}

}  // namespace wm::fleet
