#include "tests/fleet/test_fleet.h"

#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/read_file.h"
#include "core/json_fields.h"

namespace wm::fleet {

namespace json = boost::json;

namespace {

// The directory of the newest server's programs; empty: there is none.
std::filesystem::path programs() {
  std::filesystem::path newest;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
    if (std::filesystem::exists(entry.path() / "bin/postgres")) {
      newest = std::max(newest, entry.path() / "bin");
    }
  }
  return newest;
}

// A server refuses to run as root.
std::vector<std::string> as_server(std::vector<std::string> command) {
  if (::geteuid() != 0) return command;
  std::vector<std::string> whole{"setpriv", "--reuid=postgres", "--regid=postgres",
                                 "--init-groups"};
  whole.insert(whole.end(), command.begin(), command.end());
  return whole;
}

void give_to_server(const std::filesystem::path& path) {
  if (::geteuid() != 0) return;
  const passwd* const user = ::getpwnam("postgres");
  if (!user || ::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw std::runtime_error("there is no user postgres");
  }
}

// A port that nobody listens on now.
int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no port is free");
  }
  ::close(socket);
  return ntohs(address.sin_port);
}

void must(const Output& output, const std::string& what) {
  if (output.status != 0) throw std::runtime_error(what + ": " + output.err + output.out);
}

}  // namespace

bool TestDatabase::is_installed() { return !programs().empty(); }

TestDatabase::TestDatabase(bool empty) {
  const std::filesystem::path data = path() / "data";
  std::filesystem::permissions(path(), std::filesystem::perms(0755));
  std::filesystem::create_directory(data);
  give_to_server(data);
  must(run_program(as_server({programs() / "initdb", "--pgdata", data, "--username", "admin",
                              "--auth", "trust", "--no-sync", "--no-instructions"})),
       "initdb");
  std::ofstream(data / "pg_hba.conf") << "local all admin trust\nlocal all all scram-sha-256\n";
  // What a test needs to survive is a killed server, not a machine without power.
  configure("listen_addresses = ''\nunix_socket_directories = '" + data.string() +
            "'\nfsync = off\nmax_connections = 300\n");
  start();
  if (!empty) must(wm_fleet({"init"}), "init");
}

TestDatabase::~TestDatabase() {
  admin_.reset();
  if (pid_ > 0) stop(true);
}

void TestDatabase::configure(const std::string& lines) {
  std::ofstream(path() / "data/postgresql.conf", std::ios::app) << lines;
}

void TestDatabase::serve_with_tls(const std::string& certificate, const std::string& key,
                                  const std::string& authority) {
  stop(false);
  port_ = free_port();
  const std::filesystem::path data = path() / "data";
  for (const auto& [from, name] : {std::pair{certificate, "server.crt"},
                                   std::pair{key, "server.key"}, std::pair{authority, "ca.crt"}}) {
    std::filesystem::copy_file(from, data / name);
    std::filesystem::permissions(data / name, std::filesystem::perms(0600));
    give_to_server(data / name);
  }
  std::ofstream(data / "pg_hba.conf")
      << "local all admin trust\nlocal all all scram-sha-256\n"
         "hostssl all wm_node_certified all cert\nhostssl all all all scram-sha-256\n";
  configure("listen_addresses = 'localhost'\nport = " + std::to_string(port_) +
            "\nssl = on\nssl_ca_file = 'ca.crt'\n");
  start();
}

void TestDatabase::start() {
  const std::vector<std::string> command =
      as_server({programs() / "postgres", "-D", (path() / "data").string()});
  pid_ = ::fork();
  if (pid_ == 0) {
    const int log = ::open((path() / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  for (;;) {
    const Output ready = run_program({programs() / "pg_isready", "--quiet", "--host",
                                      (path() / "data").string(), "--port", port_text()});
    if (ready.status == 0) return;
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) throw std::runtime_error("postgres ended");
    ::usleep(20'000);  // There is no event: pg_isready is how one asks.
  }
}

void TestDatabase::stop(bool at_once) {
  admin_.reset();
  ::kill(pid_, at_once ? SIGQUIT : SIGINT);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string TestDatabase::port_text() const {
  constexpr int kUsual = 5432;
  return std::to_string(port_ > 0 ? port_ : kUsual);
}

std::string TestDatabase::address() const {
  return "host=" + (path() / "data").string() + " port=" + port_text() + " dbname=postgres";
}

Output TestDatabase::wm_fleet(std::vector<std::string> arguments) const {
  std::vector<std::string> command{WM_FLEET_PROGRAM, "--database", address() + " user=admin"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_program(command);
}

json::value TestDatabase::json(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "--json");
  const Output output = wm_fleet(std::move(arguments));
  must(output, "wm-fleet");
  return json::parse(output.out);
}

std::string TestDatabase::value(const std::string& sql) {
  if (!admin_) admin_ = std::move(*Database::connect(address() + " user=admin"));
  const auto rows = admin_->query(sql);
  if (!rows) throw std::runtime_error(rows.error().message);
  return rows->empty() ? "" : rows->front().front().value_or("");
}

std::string TestDatabase::enroll(const std::string& node,
                                 const std::vector<std::string>& labels) const {
  std::vector<std::string> arguments{"enroll", node};
  for (const std::string& label : labels) arguments.insert(arguments.end(), {"--label", label});
  return text_of(json(std::move(arguments)).as_object(), "database");
}

bool TestPool::is_installed() { return std::filesystem::exists("/usr/sbin/pgbouncer"); }

TestPool::TestPool(TestDatabase& fleet, int most_clients)
    : directory_((fleet.path() / "data").string()), port_(free_port()) {
  // With its verifier, the pool can prove to the server what a node has proved to it.
  std::ofstream(directory_ + "/users.txt") << fleet.value(
      "select string_agg(format('\"%s\" \"%s\"', rolname, rolpassword), E'\\n') from pg_authid "
      "where rolname like 'wm_node_%'");
  std::ofstream(directory_ + "/pool.ini")
      << "[databases]\n* = " << fleet.address().substr(0, fleet.address().find(" dbname"))
      << "\n[pgbouncer]\npool_mode = transaction\nauth_type = scram-sha-256\nauth_file = "
      << directory_ << "/users.txt\nunix_socket_dir = " << directory_ << "\nlisten_port = " << port_
      << "\nmax_client_conn = " << most_clients << "\ndefault_pool_size = 1\n";
  give_to_server(directory_ + "/users.txt");
  program_ = std::make_unique<RunningProgram>(
      as_server({"/usr/sbin/pgbouncer", directory_ + "/pool.ini"}));
  for (std::string line = program_->error_line(); !line.empty(); line = program_->error_line()) {
    if (line.find("process up") != std::string::npos) return;
  }
  throw std::runtime_error("pgbouncer ended");
}

std::string TestPool::address() const {
  return "host=" + directory_ + " port=" + std::to_string(port_) + " dbname=postgres";
}

NodeCaller::NodeCaller(const std::string& conninfo) {
  auto connected = Database::connect(conninfo);
  if (!connected) throw std::runtime_error(connected.error().message);
  database_ = std::move(*connected);
}

json::object NodeCaller::call(const std::string& function, const json::object& parameters) {
  auto answer =
      database_->ask("select wm." + function + "($1::jsonb)", {json::serialize(parameters)});
  if (!answer) return {{"error", answer.error().message}};
  return answer->as_object();
}

std::string NodeCaller::error_of(const std::string& sql) {
  const auto done = database_->query(sql);
  return done ? "" : done.error().message;
}

json::array NodeCaller::offers() {
  return array_of(call("ask", {{"holds", 255}, {"want", 16}}), "offers");
}

json::array NodeCaller::claim(int want) {
  json::array pieces;
  for (const json::value& offer : offers()) pieces.push_back(offer.as_object().at("piece"));
  return array_of(call("claim", {{"pieces", pieces}, {"want", want}}), "claims");
}

TestNode::TestNode(TestDatabase& fleet, const std::string& name,
                   const std::vector<std::string>& labels, const std::string& more)
    : name_(name), daemon_(std::make_unique<TestDaemon>()) {
  const std::string conninfo = fleet.enroll(name, labels);
  const std::filesystem::path file = daemon_->path() / "fleet.toml";
  std::ofstream(file) << "[fleet]\nnode = \"" << name << "\"\ndatabase = \"" << conninfo
                      << "\"\nstatus_file = \"" << (daemon_->path() / "status.json").string()
                      << "\"\n"
                      << more;
  std::filesystem::permissions(file, std::filesystem::perms(0600));
}

void TestNode::use_database(const std::string& address) {
  const std::filesystem::path file = daemon_->path() / "fleet.toml";
  std::string changed = *read_file(file);
  const std::size_t begin = changed.find("database = \"") + 12;
  changed.replace(begin, changed.find(" user=", begin) - begin, address);
  std::ofstream(file) << changed;
}

void TestNode::copy_configuration(const TestNode& other) {
  std::string copied = *read_file(other.daemon_->path() / "fleet.toml");
  const std::string theirs = other.daemon_->path().string();
  copied.replace(copied.find(theirs), theirs.size(), daemon_->path().string());
  std::ofstream(daemon_->path() / "fleet.toml") << copied;
}

void TestNode::start() {
  daemon_->start();
  daemon_->wm({"conditions", "override", "network=unmetered", "charging=yes", "battery=ok",
               "storage=ok", "idle=yes"});
  start_agent();
}

void TestNode::start_agent() {
  agent_ = std::make_unique<RunningProgram>(std::vector<std::string>{
      WM_FLEET_PROGRAM, "agent", "--config", (daemon_->path() / "fleet.toml").string(), "--socket",
      daemon_->socket()});
}

void TestNode::kill_agent() {
  agent_->signal(SIGKILL);
  agent_->finish();
}

void TestNode::kill() {
  kill_agent();
  daemon_->kill();
}

json::object TestNode::status() const {
  const Output output = run_program({WM_FLEET_PROGRAM, "--json", "status", "--config",
                                     (daemon_->path() / "fleet.toml").string()});
  return output.status == 0 ? json::parse(output.out).as_object() : json::object{};
}

}  // namespace wm::fleet
