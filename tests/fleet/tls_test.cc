// The way to the database over a network: the server proves who it is, and a node may do so too.
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "core/json_fields.h"
#include "fleet/database/connection.h"
#include "tests/fleet/test_fleet.h"

namespace wm::fleet {
namespace {

namespace json = boost::json;

TEST(VerifiedServer, IsDemandedOverANetwork) {
  const auto verified = [](const std::string& conninfo) {
    return with_verified_server(conninfo).value_or("?").find("sslmode=verify-full") !=
           std::string::npos;
  };
  EXPECT_TRUE(verified("host=db.example.org dbname=wm"));
  EXPECT_TRUE(verified("host=localhost,db.example.org"));
  EXPECT_TRUE(verified("hostaddr=192.0.2.1"));
  EXPECT_TRUE(verified("postgresql://db.example.org/wm"));
  EXPECT_TRUE(verified("postgresql://db.example.org/wm?connect_timeout=5"));
  EXPECT_FALSE(verified("host=/run/postgresql dbname=wm"));
  EXPECT_FALSE(verified("host=localhost"));
  EXPECT_FALSE(verified("hostaddr=127.0.0.1"));
  EXPECT_FALSE(verified("dbname=wm"));
  EXPECT_TRUE(verified("host=127.example.org"));
  EXPECT_TRUE(verified("host=localhost hostaddr=192.0.2.1"));
  EXPECT_TRUE(verified("host=localhost,db.example.org hostaddr=127.0.0.1,"));
  EXPECT_TRUE(verified("service=fleet")) << "only libpq knows where it is";
  EXPECT_TRUE(verified("service=fleet host=localhost")) << "the service may have a hostaddr";
  EXPECT_FALSE(verified("host=db.example.org hostaddr=127.0.0.2"));
  EXPECT_FALSE(verified("service=fleet hostaddr=::1"));
  EXPECT_FALSE(verified("postgresql://[::1]:5433/wm"));
  EXPECT_FALSE(with_verified_server("host='open").has_value());
}

TEST(VerifiedServer, IsNotGivenUpForAnotherMode) {
  const auto problem = [](const std::string& conninfo) {
    const auto verified = with_verified_server(conninfo);
    return verified ? "" : verified.error().message;
  };
  for (const std::string mode : {"disable", "allow", "prefer", "require", "verify-ca"}) {
    EXPECT_TRUE(problem("host=10.77.0.1 sslmode=" + mode)
                    .starts_with("sslmode=" + mode + " lets others pose as the database: write "))
        << mode;
    EXPECT_EQ(problem("host=/run/postgresql sslmode=" + mode), "");
    EXPECT_EQ(problem("host=127.0.0.1 sslmode=" + mode), "");
  }
  EXPECT_NE(problem("postgresql://db.example.org/wm?sslmode=require"), "");
  EXPECT_NE(problem("service=fleet sslmode=prefer"), "");
  EXPECT_EQ(problem("host=10.77.0.1 sslmode=verify-full"), "");
}

TEST(VerifiedServer, IsDemandedWhereverLibpqsVariablesLead) {
  const auto changes = [](const std::string& conninfo) {
    return with_verified_server(conninfo) != conninfo;
  };
  EXPECT_FALSE(changes("dbname=wm"));
  ::setenv("PGHOSTADDR", "192.0.2.1", 1);
  EXPECT_TRUE(changes("dbname=wm"));
  EXPECT_TRUE(changes("host=localhost"));
  EXPECT_FALSE(changes("hostaddr=127.0.0.1"));
  ::unsetenv("PGHOSTADDR");
  ::setenv("PGHOST", "db.example.org", 1);
  EXPECT_TRUE(changes("dbname=wm"));
  ::unsetenv("PGHOST");
}

TEST(VerifiedServer, IsNotLeftToAnEncryptionThatComesBeforeTls) {
  EXPECT_EQ(with_verified_server("host=db.example.org sslmode=verify-full"),
            "host=db.example.org sslmode=verify-full gssencmode=disable");
  EXPECT_EQ(with_verified_server("postgresql://db.example.org/wm?gssencmode=require"),
            "postgresql://db.example.org/wm?gssencmode=require&sslmode=verify-full");
}

// A certificate authority, and keys that it has signed, made by openssl(1).
class Authority {
 public:
  explicit Authority(std::filesystem::path directory) : directory_(std::move(directory)) {
    std::filesystem::create_directories(directory_);
    openssl({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             "/CN=Test authority", "-keyout", file("ca.key"), "-out", file("ca.crt")});
  }

  void sign(const std::string& name, const std::string& common_name) {
    openssl({"req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + common_name, "-keyout",
             file(name + ".key"), "-out", file(name + ".csr")});
    openssl({"x509", "-req", "-days", "2", "-in", file(name + ".csr"), "-CA", file("ca.crt"),
             "-CAkey", file("ca.key"), "-CAcreateserial", "-out", file(name + ".crt")});
    std::filesystem::permissions(file(name + ".key"), std::filesystem::perms(0600));
  }

  std::string file(const std::string& name) const { return (directory_ / name).string(); }

 private:
  static void openssl(std::vector<std::string> command) {
    command.insert(command.begin(), "openssl");
    const Output done = run_program(command);
    ASSERT_EQ(done.status, 0) << done.err;
  }

  std::filesystem::path directory_;
};

class FleetTls : public testing::Test {
 protected:
  void SetUp() override {
    if (!TestDatabase::is_installed()) GTEST_SKIP() << "PostgreSQL is not installed";
    fleet_.emplace();
    ours_.emplace(fleet_->path() / "ours");
    ours_->sign("server", "localhost");
    fleet_->serve_with_tls(ours_->file("server.crt"), ours_->file("server.key"),
                           ours_->file("ca.crt"));
  }

  std::string over_network(const std::string& conninfo, const std::string& root) const {
    const std::string rest = conninfo.substr(conninfo.find(" user="));
    return "host=localhost port=" + std::to_string(fleet_->port()) + " dbname=postgres" + rest +
           " sslmode=verify-full sslrootcert=" + root;
  }

  std::optional<TestDatabase> fleet_;
  std::optional<Authority> ours_;
};

TEST_F(FleetTls, AServerOfAnotherAuthorityIsRefused) {
  const std::string conninfo = fleet_->enroll("a");
  NodeCaller node(over_network(conninfo, ours_->file("ca.crt")));
  EXPECT_EQ(text_of(node.call("hello", {{"version", "x"}, {"labels", json::object{}}}), "node"),
            "a");
  const Authority others(fleet_->path() / "others");
  EXPECT_THROW(NodeCaller(over_network(conninfo, others.file("ca.crt"))), std::runtime_error);
}

TEST_F(FleetTls, ANodeWithACertificateNeedsNoPassword) {
  const json::value enrolled = fleet_->json({"enroll", "certified", "--no-password"});
  const std::string conninfo = text_of(enrolled.as_object(), "database");
  EXPECT_EQ(conninfo.find("password"), std::string::npos);
  ours_->sign("node", "wm_node_certified");
  ours_->sign("other", "wm_node_other");
  const auto with_key = [&](const std::string& name) {
    return over_network(conninfo, ours_->file("ca.crt")) +
           " sslcert=" + ours_->file(name + ".crt") + " sslkey=" + ours_->file(name + ".key");
  };
  NodeCaller node(with_key("node"));
  EXPECT_EQ(text_of(node.call("hello", {{"version", "x"}, {"labels", json::object{}}}), "node"),
            "certified");
  EXPECT_THROW(NodeCaller(with_key("other")), std::runtime_error);
}

}  // namespace
}  // namespace wm::fleet
