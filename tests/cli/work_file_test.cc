// What `wm export` writes is what `wm apply` reads.
#include "cli/work_file.h"

#include <limits>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "core/messages.h"

namespace wm::cli {
namespace {

namespace json = boost::json;

std::string written(const WorkRequest& request) {
  std::ostringstream out;
  json::array works;
  works.push_back(to_json(request));
  write_works(out, works);
  return out.str();
}

// Random options, with texts that a format may stumble over.
class RandomRequest {
 public:
  explicit RandomRequest(unsigned seed) : random_(seed) {}

  WorkRequest make() {
    WorkRequest request;
    request.unique_name = "n" + text();
    request.command = {"/bin/echo", text(), text()};
    if (chance()) request.description = text();
    if (chance()) request.tags = {text() + "t", text() + "u"};
    if (chance()) request.env = {{"A", text()}, {"B_2", text()}};
    if (chance()) request.input = json::serialize(object(2));
    if (chance()) request.group = "g" + text();
    if (chance()) request.priority = pick(20) - 10;
    if (chance()) request.max_attempts = pick(3);
    if (chance()) request.time_limit = time();
    if (chance()) request.stop_grace = time();
    if (chance()) request.keep_results = time();
    if (chance()) request.backoff = {static_cast<BackoffPolicy>(pick(1)), 10s + time()};
    if (chance()) request.exit_rules.retry_on_crash = true;
    if (chance()) request.merge = Merge::arrays;
    if (chance()) request.terms.nice = pick(39) - 20;
    if (chance()) request.terms.bounds.cpu_weight = 1 + pick(99);
    if (chance()) request.terms.bounds.memory_max = std::int64_t{1 + pick(9999)} << pick(20);
    if (chance()) request.constraints.network = static_cast<NetworkType>(pick(4));
    if (chance()) request.constraints.charging = true;
    if (chance()) request.constraints.storage_not_low = true;
    if (chance()) {
      request.prefer = {{{.network = NetworkType::unmetered}, 1h + time()}, {{.idle = true}, 2h}};
    }
    if (chance()) {
      request.kind = WorkKind::periodic;
      request.every = 1h + time();
      if (chance()) request.cadence = Cadence::fixed;
    } else {
      if (chance()) request.initial_delay = time();
      if (chance()) request.deadline = 12h + time();
      if (chance()) request.prerequisites = {"p" + text()};
    }
    return request;
  }

 private:
  int pick(int most) { return std::uniform_int_distribution(0, most)(random_); }
  bool chance() { return pick(2) == 0; }
  Duration time() { return Duration{1 + pick(86'400'000)}; }

  std::string text() {
    static const std::vector<std::string> kParts{
        "a",    " ",    "'",  "\"",           "\\",   "'''",        "\"\"\"", "\n",
        "\r\n", "\t",   "#",  "\x7f",         "\x01", "é",          "日本",   "😀",
        "=",    "$(x)", "{}", "\xe2\x80\xae", "]",    "1979-05-27", "null",   "true"};
    std::string all;
    for (int i = pick(5); i > 0; --i) {
      all += kParts[static_cast<std::size_t>(pick(static_cast<int>(kParts.size()) - 1))];
    }
    return all;
  }

  json::value value(int depth) {
    switch (pick(depth > 0 ? 8 : 6)) {
      case 0:
        return nullptr;
      case 1:
        return pick(1) == 0;
      case 2:
        return std::int64_t{pick(1'000'000)} * pick(1'000'000) - 500'000;
      case 3:
        return std::numeric_limits<std::uint64_t>::max();
      case 4:
        return pick(1000) / 8.0;
      case 5:
        return static_cast<double>(pick(100));
      case 6:
        return json::string(text());
      case 7:
        return json::array{value(depth - 1), value(depth - 1)};
      default:
        return object(depth - 1);
    }
  }

  json::object object(int depth) {
    json::object all;
    for (int i = pick(3); i >= 0; --i) all[text()] = value(depth);
    return all;
  }

  std::mt19937 random_;
};

TEST(WorkFile, ReadsWhatItWrites) {
  for (unsigned seed = 0; seed < 1000 && !testing::Test::HasFailure(); ++seed) {
    const WorkRequest request = RandomRequest(seed).make();
    const std::string file = written(request);

    const auto works = parse_works(file, "works.toml");

    ASSERT_TRUE(works) << "seed " << seed << ": " << works.error().message << '\n' << file;
    ASSERT_EQ(works->size(), 1U);
    WorkRequest read = works->front().request;
    EXPECT_EQ(json::parse(read.input), json::parse(request.input)) << "seed " << seed;
    read.input = request.input;  // Its members may be in another order.
    EXPECT_EQ(json::serialize(to_json(read)), json::serialize(to_json(request))) << "seed " << seed;
    EXPECT_EQ(written(read), file) << "seed " << seed;
  }
}

TEST(WorkFile, WritesEachConstraintOfAPreference) {
  WorkRequest request;
  request.unique_name = "a";
  request.command = {"/bin/true"};
  request.prefer = {
      {{.network = NetworkType::unmetered, .charging = true, .custom = {"x", "y"}}, 1h}};

  const auto works = parse_works(written(request), "works.toml");

  ASSERT_TRUE(works);
  EXPECT_EQ(works->front().request.prefer.size(), 4U) << "each holds work back for as long";
}

}  // namespace
}  // namespace wm::cli
