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
  Error error = answer.error();
  if (fleet->failed_with("3F000") || fleet->failed_with("42P01")) {
    error = {ErrorCode::refused, "this database has no fleet yet: wm-fleet init"};
  } else if (fleet->failed_with("42883")) {
    error = {ErrorCode::refused, "this fleet is older than this program: wm-fleet migrate"};
  }
  complain(error);
  return std::nullopt;
}

bool Context::begin_changes(const json::array& names) {
  Database* const fleet = database();
  if (!fleet) return false;
  if (const auto begun = fleet->query("begin"); !begun) return complain(begun.error()), false;
  return ask("select to_jsonb(true) from wm.begin_changes($1::jsonb)", {json::serialize(names)})
      .has_value();
}

}  // namespace wm::fleet
