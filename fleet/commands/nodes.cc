// The machines of a fleet: enroll, revoke, label, drain, nodes.
#include <array>

#include <CLI/CLI.hpp>
#include <sys/random.h>

#include "cli/render/local_time.h"
#include "cli/render/table.h"
#include "core/base64.h"
#include "core/json_fields.h"
#include "core/text.h"
#include "fleet/command.h"
#include "fleet/names.h"
#include "fleet/work/fleet_work.h"

namespace wm::fleet {

namespace json = boost::json;

namespace {

Result<> validate_node(const std::string& name) {
  constexpr std::size_t kMost = 48;
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  bool fits = !name.empty() && name.size() <= kMost && is_word(name.front());
  for (const char c : name) fits = fits && (is_word(c) || c == '.' || c == '_' || c == '-');
  if (fits) return {};
  return invalid("'" + name +
                 "' is no name for a node: letters, digits, '.', '_' and '-', at most 48");
}

std::string role_of(const std::string& node) { return "wm_node_" + node; }

// Of the characters that need no quotes anywhere.
std::string new_password() {
  std::array<unsigned char, 24> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("the kernel gives no random numbers");
  }
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  std::string password;
  for (const unsigned char byte : bytes) password += kLetters[byte % kLetters.size()];
  return password;
}

std::string toml_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

struct Enrollment {
  std::string node;
  std::vector<std::string> labels;
  std::string connect;
  bool no_password = false;
};

// Begins a transaction in which the role may log in. One that revoke could not drop is taken again.
Result<> begin_with_role(Database& database, const std::string& role, const std::string& verifier) {
  const std::string quoted = "\"" + role + "\"";
  // An agent has one session; a pool may open some. Those that it has lost on its way end soon.
  const std::string rights = " login connection limit 4 password " + verifier;
  const std::string patience =
      "; alter role " + quoted + " set tcp_keepalives_idle = 15; alter role " + quoted +
      " set tcp_keepalives_interval = 5; alter role " + quoted + " set tcp_keepalives_count = 3";
  auto made =
      database.query("begin; create role " + quoted + rights + " in role wm_node" + patience);
  if (made) return {};
  if (!database.failed_with("42710")) return std::unexpected(made.error());
  static_cast<void>(database.query("rollback"));
  const auto left =
      database.query("select from pg_roles where rolname = $1 and not rolcanlogin", {role});
  if (!left) return std::unexpected(left.error());
  if (left->empty()) {
    return fail(ErrorCode::refused, "another fleet of this server has a node with the role " +
                                        role + ": choose another name");
  }
  made = database.query("begin; alter role " + quoted + rights + "; alter role " + quoted +
                        " reset all; grant wm_node to " + quoted + patience);
  if (!made) return std::unexpected(made.error());
  return {};
}

// The role, and the row; the password is made into a SCRAM verifier here, so no log of the server
// can have it.
int enroll(Context& context, const Enrollment& options) {
  if (const auto valid = validate_node(options.node); !valid) {
    return context.complain(valid.error());
  }
  const auto labels = parse_labels(options.labels);
  if (!labels) return context.complain(labels.error());
  // The agent would refuse it.
  if (const auto way = with_verified_server(options.connect); !way) {
    return context.complain({way.error().code, "--connect: " + way.error().message});
  }
  for (const char* const keyword : {"user", "password"}) {
    if (value_in(options.connect, keyword).empty()) continue;
    return context.complain({ErrorCode::invalid, "--connect: leave out " + std::string(keyword) +
                                                     ": the node gets one of its own"});
  }
  Database* const database = context.database();
  if (!database) return context.status();
  const std::string role = role_of(options.node);
  const std::string password = options.no_password ? "" : new_password();
  const auto taken = context.ask(
      "select to_jsonb(exists (select from wm.node where name = $1 and revoked_at is null))",
      {options.node});
  if (!taken) return context.status();
  if (taken->is_bool() && taken->get_bool()) {
    return context.complain({ErrorCode::refused, "'" + options.node +
                                                     "' is enrolled already: wm-fleet revoke it "
                                                     "first, or choose another name"});
  }
  std::string verifier = "null";
  if (!options.no_password) {
    const auto made = database->password_verifier(role, password);
    if (!made) return context.complain(made.error());
    verifier = "'" + *made + "'";
  }
  if (const auto made = begin_with_role(*database, role, verifier); !made) {
    static_cast<void>(database->query("rollback"));
    return context.complain(made.error());
  }
  auto row = database->query(
      "insert into wm.node (name, role, given) values ($1, $2, $3::jsonb)"
      " on conflict (name) do update set role = excluded.role, given = excluded.given,"
      " own = '{}', draining = false, revoked_at = null, enrolled_at = now()",
      {options.node, role, json::serialize(to_json(*labels))});
  if (row) row = database->query("select wm.settle_labels(); commit");
  if (!row) {
    static_cast<void>(database->query("rollback"));
    return context.complain(row.error());
  }
  std::string conninfo = options.connect.empty() ? database->address() : options.connect;
  conninfo = with_word(conninfo, "user=" + role);
  if (!password.empty()) conninfo = with_word(conninfo, "password=" + password);
  if (context.json()) {
    context.print({{"node", options.node}, {"role", role}, {"database", conninfo}});
  } else {
    context.out() << "# Keep this as /etc/wm/fleet.toml, readable by the agent alone.\n"
                  << "[fleet]\nnode = " << toml_text(options.node)
                  << "\ndatabase = " << toml_text(conninfo) << '\n';
  }
  return cli::kDone;
}

Result<> run(Database& database, const std::string& sql) {
  auto done = database.query(sql);
  if (done) return {};
  static_cast<void>(database.query("rollback"));
  return std::unexpected(done.error());
}

// Ends the role's sessions, and waits until they are gone.
Result<> end_sessions(Database& database, const std::string& role) {
  constexpr const char* kEnd =
      "select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = $1";
  const auto ended = database.query(kEnd, {role});
  if (ended) return {};
  return fail(ended.error().code, ended.error().message +
                                      ": its connections cannot be ended: grant yourself "
                                      "pg_signal_backend, and revoke it again");
}

// A session of the role can hold its row, or come back: so it is ended before and after.
Result<> close_role(Database& database, const std::string& role) {
  const auto first = end_sessions(database, role);
  if (auto closed = run(database, "alter role \"" + role + "\" nologin"); !closed) return closed;
  return first ? end_sessions(database, role) : first;
}

// False: the role owns something that is out of reach here.
bool drop_role(Database& database, const std::string& role) {
  const std::string quoted = "\"" + role + "\"";
  if (run(database, "drop role " + quoted)) return true;
  // What it has made in this database, such as large objects, goes with it.
  return run(database, "begin; grant " + quoted + " to current_user; drop owned by " + quoted +
                           "; drop role " + quoted + "; commit")
      .has_value();
}

// Where it owns something, as people say it.
std::string homes_of(Database& database, const std::string& role) {
  const auto found = database.query(
      "select distinct d.datname from pg_shdepend s join pg_database d on d.oid = s.dbid"
      " where s.refclassid = 'pg_authid'::regclass and s.refobjid ="
      " (select oid from pg_roles where rolname = $1) order by 1",
      {role});
  std::vector<std::string> names;
  for (const Row& row : found.value_or(Rows{})) names.push_back(row.at(0).value_or(""));
  return names.empty() ? "another database" : "the database " + join(names);
}

int revoke(Context& context, const std::string& node) {
  const auto known = context.ask(
      "select to_jsonb(role) from wm.node where name = $1 and revoked_at is null", {node});
  if (!known) return context.status();
  if (!known->is_string()) return context.complain(no_such_node(context, node));
  const std::string role(known->get_string());
  Database& database = *context.database();
  // First of all, or an open transaction of the node could hold up the rest.
  if (const auto closed = close_role(database, role); !closed) {
    return context.complain(closed.error());
  }
  if (!context.ask("select to_jsonb(wm.revoke_node($1))", {node})) return context.status();
  const bool dropped = drop_role(database, role);
  if (!dropped) static_cast<void>(run(database, "revoke wm_node from \"" + role + "\""));
  if (context.json()) {
    json::object answer{{"node", node}, {"revoked", true}};
    if (!dropped) answer["roleLeft"] = role;
    context.print(answer);
    return cli::kDone;
  }
  context.out() << "Revoked " << printable(node)
                << ". What it runs for the fleet ends with its leases.\n";
  if (!dropped) {
    context.hint("the role " + role + " stays, without login: it owns something in " +
                 printable(homes_of(database, role)) + ": there, DROP OWNED BY \"" + role +
                 "\", then DROP ROLE \"" + role + '"');
  }
  return cli::kDone;
}

struct Labelling {
  std::string node;
  std::vector<std::string> changes;
};

// KEY=VALUE sets a label, KEY- removes it.
int label(Context& context, const Labelling& options) {
  Labels set;
  json::array removed;
  for (const std::string& text : options.changes) {
    if (text.ends_with('-') && text.find('=') == std::string::npos) {
      removed.push_back(json::value(text.substr(0, text.size() - 1)));
      continue;
    }
    const auto one = parse_label(text);
    if (!one) return context.complain(one.error());
    set.insert_or_assign(one->first, one->second);
  }
  const auto changed = context.ask(
      "with n as (update wm.node set given = (given - array(select jsonb_array_elements_text("
      "$3::jsonb))) || $2::jsonb where name = $1 and revoked_at is null returning given)"
      " select given from n",
      {options.node, json::serialize(to_json(set)), json::serialize(removed)});
  if (!changed) return context.status();
  if (!changed->is_object()) {
    return context.complain(no_such_node(context, options.node));
  }
  if (!context.ask("select to_jsonb(1) from wm.settle_labels(), pg_notify('wm_fleet', '')")) {
    return context.status();
  }
  context.print(*changed);
  return cli::kDone;
}

int drain(Context& context, const std::string& node, bool drains) {
  const auto changed = context.ask(
      "with n as (update wm.node set draining = $2::boolean where name = $1 and revoked_at is null"
      " returning name), c as (update wm.change set number = number + 1 where exists (table n))"
      " select to_jsonb(name) from n, pg_notify('wm_fleet', '')",
      {node, drains ? "true" : "false"});
  if (!changed) return context.status();
  if (!changed->is_string()) {
    return context.complain(no_such_node(context, node));
  }
  if (context.json()) {
    context.print({{"node", node}, {"draining", drains}});
  } else {
    context.out() << printable(node)
                  << (drains ? " gets nothing new; what runs goes on.\n" : " gets work again.\n");
  }
  return cli::kDone;
}

std::string node_labels(const json::object& labels) {
  std::vector<std::string> texts;
  for (const auto& [key, value] : labels) {
    texts.push_back(std::string(key) + "=" + std::string(value.as_string()));
  }
  return join(texts);
}

int nodes(Context& context, bool with_labels) {
  const auto all = context.ask(
      "select coalesce(jsonb_agg(jsonb_build_object('node', n.name, 'labels', n.labels,"
      " 'draining', n.draining, 'seenAt', wm.iso(w.seen_at), 'version', w.version,"
      " 'conditions', w.conditions, 'freeSlots', w.slots, 'claims', coalesce(c.claims, 0))"
      " order by n.name), '[]') from wm.node n"
      " left join wm.node_word w on w.node_id = n.node_id"
      " left join (select node_id, count(*) as claims from wm.piece"
      " where state = 0 and until > now() group by node_id) c on c.node_id = n.node_id"
      " where n.revoked_at is null");
  if (!all) return context.status();
  if (context.json()) {
    context.print(*all);
    return cli::kDone;
  }
  std::vector<cli::Table::Column> columns{
      {"NODE", nullptr, -1}, {"SEEN"}, {"CLAIMS"}, {"IS", nullptr, 2}};
  if (with_labels) columns.push_back({"LABELS", nullptr, 1});
  cli::Table table(std::move(columns));
  for (const json::value& value : all->as_array()) {
    const json::object& node = value.as_object();
    std::vector<std::string> conditions;
    for (const auto& [name, known] : object_of(node, "conditions")) {
      conditions.push_back(std::string(name) + " " + std::string(known.as_string()));
    }
    const auto seen = time_of(node, "seenAt");
    const bool draining = node.at("draining").as_bool();
    std::vector<std::string> cells{text_of(node, "node"),
                                   seen ? cli::relative_time(*seen, cli::now()) : "never",
                                   std::to_string(number_of(node, "claims")),
                                   (draining ? "draining; " : "") + join(conditions)};
    if (with_labels) cells.push_back(node_labels(object_of(node, "labels")));
    table.add(std::move(cells));
  }
  if (table.empty()) {
    context.hint("no nodes yet: wm-fleet enroll NODE");
    return cli::kDone;
  }
  table.print(context.out(), context.style(), cli::terminal_width());
  return cli::kDone;
}

}  // namespace

Command::Run set_up_enroll(CLI::App& app, const cli::CommandLine&) {
  auto options = std::make_shared<Enrollment>();
  app.add_option("NODE", options->node, "Its name in the fleet")->required()->type_name("");
  app.add_option("--label", options->labels, "A label that work can ask for; repeatable")
      ->type_name("K=V")
      ->allow_extra_args(false);
  app.add_option("--connect", options->connect,
                 "How the node reaches the database, instead of the way used here")
      ->type_name("CONNINFO");
  app.add_flag("--no-password", options->no_password,
               "The server knows the role by a certificate or by peer");
  app.footer(
      "Prints the node's /etc/wm/fleet.toml. The password is shown this once.\n"
      "Example: wm-fleet enroll n1 --label site=berlin > fleet.toml\n"
      "         wm-fleet enroll n2 --connect \"host=db.example.org dbname=wm\"");
  return [options](Context& context) { return enroll(context, *options); };
}

Command::Run set_up_revoke(CLI::App& app, const cli::CommandLine&) {
  auto node = std::make_shared<std::string>();
  app.add_option("NODE", *node, "The node")->required()->type_name("");
  app.footer(
      "Its connections end, and its role is dropped. Others take its claims when\n"
      "their leases have run out.\nExample: wm-fleet revoke stolen-laptop");
  return [node](Context& context) { return revoke(context, *node); };
}

Command::Run set_up_label(CLI::App& app, const cli::CommandLine&) {
  auto options = std::make_shared<Labelling>();
  app.add_option("NODE", options->node, "The node")->required()->type_name("");
  app.add_option("LABEL", options->changes, "K=V sets a label, K- removes it")
      ->required()
      ->type_name("");
  app.footer("Example: wm-fleet label n1 site=berlin gpu-");
  return [options](Context& context) { return label(context, *options); };
}

Command::Run set_up_drain(CLI::App& app, const cli::CommandLine&) {
  auto node = std::make_shared<std::string>();
  auto undo = std::make_shared<bool>(false);
  app.add_option("NODE", *node, "The node")->required()->type_name("");
  app.add_flag("--undo", *undo, "Give it work again");
  app.footer("Example: wm-fleet drain n1\n         wm-fleet drain n1 --undo");
  return [node, undo](Context& context) { return drain(context, *node, !*undo); };
}

Command::Run set_up_nodes(CLI::App& app, const cli::CommandLine&) {
  auto with_labels = std::make_shared<bool>(false);
  app.add_flag("--labels", *with_labels, "Show their labels, too");
  app.footer("Example: wm-fleet nodes --labels");
  return [with_labels](Context& context) { return nodes(context, *with_labels); };
}

}  // namespace wm::fleet
