// `wm apply` reads whatever `wm export` writes.
#include "cli/work_file.h"

#include <limits>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "core/messages.h"
#include "tests/support/backoff.h"

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

// Chooses random options, with texts that a format may stumble over.
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
    if (chance()) request.watchdog = 1s + time();
    request.while_kept_alive = request.watchdog > 0s && chance();
    if (chance()) request.stop_grace = time();
    if (chance()) request.keep_results = time();
    if (chance()) set_backoff(request, {static_cast<BackoffPolicy>(pick(1)), 10s + time()});
    if (chance()) request.exit_rules.retry_on_crash = true;
    if (chance()) request.merge = Merge::arrays;
    if (chance()) request.terms.nice = pick(39) - 20;
    if (chance()) request.terms.bounds.cpu_weight = 1 + pick(99);
    if (chance()) request.terms.bounds.memory_max = std::int64_t{1 + pick(9999)} << pick(20);
    if (chance()) request.constraints.network = static_cast<NetworkType>(pick(4));
    if (chance()) request.constraints.set(Constraint::charging);
    if (chance()) request.constraints.set(Constraint::storage_not_low);
    if (chance()) {
      request.prefer = {{{.network = NetworkType::unmetered}, 1h + time()},
                        {{.flags = {Constraint::idle}}, 2h}};
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
    read.input = request.input;  // Its members may have another order.
    EXPECT_EQ(json::serialize(to_json(read)), json::serialize(to_json(request))) << "seed " << seed;
    EXPECT_EQ(written(read), file) << "seed " << seed;
  }
}

TEST(WorkFile, WritesEachConstraintOfAPreference) {
  WorkRequest request;
  request.unique_name = "a";
  request.command = {"/bin/true"};
  request.prefer = {
      {{.network = NetworkType::unmetered, .flags = {Constraint::charging}, .custom = {"x", "y"}},
       1h}};

  const auto works = parse_works(written(request), "works.toml");

  ASSERT_TRUE(works);
  EXPECT_EQ(works->front().request.prefer.size(), 4U) << "each holds work back for as long";
}

// Returns the problem of a file, without its name.
std::string problem_of(const std::string& file) {
  const auto works = parse_works(file, "works.toml");
  if (works) return "none";
  const std::string& message = works.error().message;
  constexpr std::string_view kName = "works.toml: ";
  EXPECT_TRUE(message.starts_with(kName)) << message;
  return message.substr(kName.size());
}

TEST(WorkFile, ErrorsAreAboutItsKeysAndSayTheLine) {
  const std::string named = "[[work]]\nname = 'a'\n";
  const std::string work = named + "command = ['true']\n";
  const std::pair<std::string, const char*> cases[]{
      {named + "comand = ['true']\n", "line 3: unknown key 'comand': did you mean command?"},
      {work + "initial_dely = '1h'\n",
       "line 4: unknown key 'initial_dely': did you mean initial-delay?"},
      {work + "frobnicate = 1\n", "line 4: unknown key 'frobnicate'"},
      {"[[work]]\nnmae = 'a'\ncommand = ['true']\n",
       "line 2: unknown key 'nmae': did you mean name?"},
      {"[[wrok]]\nname = 'a'\n", "line 1: unknown key 'wrok': did you mean work?"},
      {"[[job]]\nname = 'a'\n", "line 1: unknown key 'job': did you mean [[work]]?"},
      {"[work]\nname = 'a'\n", "line 1: work must be a list: write [[work]], or work = [{ … }]"},
      {"[[work]]\ncommand = ['true']\n", "line 1: name is missing: every job has a unique name"},
      {named, "line 1: command is missing: write command = [\"PROGRAM\", …], or task = \"NAME\""},
      {work + "task = 'sync'\n", "line 3: command and task are both given: give one of them"},
      {named + "command = 'true'\n", "line 3: command must be a list of strings"},
      {named + "command = ['no-such-program']\n",
       "line 3: command: no command 'no-such-program' in PATH: name an executable file, or correct "
       "PATH"},
      {work + "network = 5\n", "line 4: network must be a string"},
      {work + "network = 'meterd'\n",
       "line 4: network: unknown network type 'meterd': did you mean metered?"},
      {work + "charging = 'yes'\n", "line 4: charging must be true or false"},
      {work + "priority = 11\n", "line 4: priority must be a whole number from -10 to 10"},
      {work + "every = '5'\n",
       "line 4: every: bad duration '5': a unit is missing; write for example 90s, 15m, 1h30m or "
       "2d"},
      {work + "at = 'yesterday'\n", "line 4: at: bad time 'yesterday': it is in the past"},
      {work + "fail_on = '300'\n", nullptr},
      {work + "memory-max = 'lots'\n", nullptr},
      {work + "notify = ['faild']\n",
       "line 4: notify: unknown event 'faild': did you mean failed?"},
      {work + "existing = 'replace'\n", "line 4: unknown key 'existing'"},
      {work + "on-path = ['inbox']\n", "line 4: on-path 'inbox' is not an absolute path"},
      {work + "env = ['A=b']\n", "line 4: env must be a table of strings"},
      {work + "prefer = [{ constraint = 'charging' }]\n",
       "line 4: prefer: relax-after is missing: after how long it is dropped"},
      {work + "prefer = [{ constraint = 'chargin', relax-after = '1h' }]\n",
       "line 4: prefer: unknown constraint 'chargin': did you mean charging?"},
      {work + "prefer = { constraint = 'charging', relax-after = '1h' }\n",
       "line 4: prefer must be a list: write prefer = [{ … }]"},
      {work + "input-json = '{'\n", nullptr},
      {work + "processing = true\nevery = '1d'\n",
       "line 4: processing work has no period: it runs once"},
      {"[[work\n", nullptr},
  };
  for (const auto& [file, expected] : cases) {
    const std::string problem = problem_of(file);
    if (expected) {
      EXPECT_EQ(problem, expected) << file;
    }
    EXPECT_TRUE(problem.starts_with("line ")) << problem;
    EXPECT_EQ(problem.find("--"), std::string::npos) << "no words of the command line: " << problem;
  }
}

}  // namespace
}  // namespace wm::cli
