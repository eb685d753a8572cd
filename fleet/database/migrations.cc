#include "fleet/database/migrations.h"

#include "core/text.h"

namespace wm::fleet {
namespace {

// Two administrators at once come one after the other.
constexpr const char* kLock = "select pg_advisory_xact_lock(hashtext('wm-fleet migration'))";

constexpr const char* kRole = R"(
do $$ begin
  if not exists (select from pg_roles where rolname = 'wm_node') then
    create role wm_node nologin;
  end if;
end $$)";

Result<> execute(Database& database, std::string_view sql) {
  auto done = database.query(std::string(sql));
  if (!done) return std::unexpected(done.error());
  return {};
}

Result<int> version(Database& database) {
  auto there = database.query("select to_regclass('wm.migration') is not null");
  if (!there) return std::unexpected(there.error());
  if (there->at(0).at(0) != "t") return 0;
  auto rows = database.query("select coalesce(max(version), 0) from wm.migration");
  if (!rows) return std::unexpected(rows.error());
  return parse_number<int>(rows->at(0).at(0).value_or("0")).value_or(0);
}

Result<Migrated> migrate_in_transaction(Database& database, bool may_create, const Schema& schema) {
  const int newest = static_cast<int>(schema.migrations.size());
  auto from = version(database);
  if (!from) return std::unexpected(from.error());
  if (*from == 0 && !may_create) {
    return fail(ErrorCode::refused, "this database has no fleet yet: wm-fleet init");
  }
  if (*from > newest) {
    return fail(ErrorCode::refused, "the schema has version " + std::to_string(*from) +
                                        ", this wm-fleet knows " + std::to_string(newest) +
                                        ": install a newer one");
  }
  std::string sql = kRole;
  if (*from == 0) {
    sql +=
        ";create schema wm;"
        "create table wm.migration (version integer primary key,"
        " applied_at timestamptz not null default now())";
  }
  for (int next = *from + 1; next <= newest; ++next) {
    sql += ";" + std::string(schema.migrations[static_cast<std::size_t>(next - 1)]) +
           ";insert into wm.migration (version) values (" + std::to_string(next) + ")";
  }
  sql += ";" + std::string(schema.functions);
  if (auto done = execute(database, sql); !done) return std::unexpected(done.error());
  return Migrated{*from, newest};
}

}  // namespace

Result<Migrated> migrate(Database& database, bool may_create, const Schema& schema) {
  if (auto begun = execute(database, std::string("begin;") + kLock); !begun) {
    return std::unexpected(begun.error());
  }
  auto migrated = migrate_in_transaction(database, may_create, schema);
  auto ended = execute(database, migrated ? "commit" : "rollback");
  if (migrated && !ended) return std::unexpected(ended.error());
  return migrated;
}

}  // namespace wm::fleet
