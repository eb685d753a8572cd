// Checks every field of a registration in every form: a row that lacks one fails here.
#include "core/request_fields.h"

#include <set>

#include <gtest/gtest.h>

#include "core/request_json.h"
#include "tests/support/sample_options.h"

namespace wm {
namespace {

namespace json = boost::json;

// All fields that have an option or a key.
WorkRequest full_request(unsigned variant) {
  WorkRequest request;
  request.unique_name = "ä b";
  request.task_name = "task";
  request.command = {"/bin/echo", "", "x y"};
  request.kind = WorkKind::periodic;
  for (const Field& field : request_fields()) {
    if (field.option.empty()) continue;
    const auto read = field.value->parse(sample_texts(field, variant), request, {Form::written});
    EXPECT_TRUE(read) << field.key << ": " << read.error().message;
  }
  return request;
}

TEST(RequestFields, EachHasAnOptionThatSetsIt) {
  const WorkRequest full = full_request(0);
  for (const Field& field : request_fields()) {
    if (field.key == "relax-after") continue;  // It is half of --prefer.
    EXPECT_FALSE(field.value->equal(full, WorkRequest{})) << field.key;
  }
}

TEST(RequestFields, EachSurvivesTheWireAndTheDisk) {
  for (unsigned variant = 0; variant < 8; ++variant) {
    const WorkRequest full = full_request(variant);
    EXPECT_EQ(request_from_json(to_json(full)), full);

    const auto all = {Part::own, Part::policy, Part::exit_rules, Part::bounds};
    WorkRequest stored;
    const auto read = read_part(part_to_json(full, all, Form::stored), stored, Form::stored);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(stored, full);
  }
}

TEST(RequestFields, EachSurvivesAFile) {
  const WorkRequest full = full_request(3);
  WorkRequest read;
  read.kind = full.kind;
  for (const Field& field : request_fields()) {
    if ((field.offers & kFile) == 0 || field.key == "relax-after") continue;
    const auto done = field.value->in(field.value->out(full, Form::written), read, {Form::written});
    EXPECT_TRUE(done) << field.key << ": " << done.error().message;
  }
  // In a file, each preference names one constraint.
  EXPECT_EQ(to_json(read), to_json(full));
}

// A database of any release has these numbers.
TEST(RequestFields, NumbersOnDiskNeverChange) {
  const std::vector<std::pair<int, std::string>> numbers{{1, "name"},
                                                         {2, "task"},
                                                         {3, "command"},
                                                         {4, "kind"},
                                                         {5, "input-json"},
                                                         {6, "input"},
                                                         {7, "env"},
                                                         {8, "cwd"},
                                                         {9, "as"},
                                                         {10, "nice"},
                                                         {11, "io-class"},
                                                         {12, "memory-max"},
                                                         {13, "cpu-weight"},
                                                         {14, "tasks-max"},
                                                         {20, "prefer"},
                                                         {21, "relax-after"},
                                                         {22, "initial-delay"},
                                                         {23, "at"},
                                                         {24, "deadline"},
                                                         {25, "on-path"},
                                                         {26, "trigger-delay"},
                                                         {27, "trigger-max-delay"},
                                                         {28, "every"},
                                                         {29, "flex"},
                                                         {30, "cadence"},
                                                         {31, "calendar"},
                                                         {32, "time-zone"},
                                                         {40, "after"},
                                                         {41, "merge"},
                                                         {42, "priority"},
                                                         {43, "group"},
                                                         {44, "expedited"},
                                                         {45, "out-of-quota"},
                                                         {50, "backoff"},
                                                         {51, "backoff-delay"},
                                                         {52, "max-attempts"},
                                                         {53, "retry-on-crash"},
                                                         {54, "fail-on"},
                                                         {55, "retry-on"},
                                                         {56, "success-on"},
                                                         {57, "time-limit"},
                                                         {58, "stop-grace"},
                                                         {59, "watchdog"},
                                                         {60, "tags"},
                                                         {61, "notify"},
                                                         {62, "keep-results"},
                                                         {63, "description"},
                                                         {64, "while-kept-alive"},
                                                         {90, "env-file"},
                                                         {91, "umask"},
                                                         {100, "network"},
                                                         {101, "charging"},
                                                         {102, "battery-not-low"},
                                                         {103, "storage-not-low"},
                                                         {104, "idle"},
                                                         {105, "between"},
                                                         {115, "require"}};
  std::set<int> seen;
  for (const Field& field : request_fields()) {
    EXPECT_TRUE(seen.insert(field.number).second) << field.number << " is there twice";
  }
  for (const auto& [number, key] : numbers) {
    const Field* field = find_field(key);
    ASSERT_TRUE(field) << key;
    EXPECT_EQ(field->number, number) << key;
  }
}

TEST(RequestFields, ValuesOfAnotherTypeAreRefusedByName) {
  for (const Field& field : request_fields()) {
    if (field.json.empty()) continue;
    json::object object;
    const json::value wrong = json::array{json::array{}};
    if (field.object.empty()) {
      object[field.json] = wrong;
    } else {
      object[field.object] = json::object{{field.json, wrong}};
    }
    const auto read = request_from_json(object);
    ASSERT_FALSE(read) << field.key;
    EXPECT_NE(read.error().message.find(field.json), std::string::npos) << read.error().message;
  }
}

}  // namespace
}  // namespace wm
