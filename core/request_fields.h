// The fields of a registration, described once. The options of the command line, the keys of a
// file, the members of JSON, the numbers on disk, the resets of an update and the completion of a
// shell are loops over these rows.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "core/constraint_forms.h"
#include "core/forms.h"
#include "core/work.h"

namespace wm {

/// The place of an option in --help.
enum class FieldGroup : std::uint8_t { gets, when, after, order, end, kept };

template <>
struct Words<FieldGroup> {
  static constexpr std::string_view noun = "group of options";
  static constexpr std::array<std::string_view, 6> list{"What it gets",        "When it may run",
                                                        "What it comes after", "What goes first",
                                                        "What its end means",  "How it is kept"};
};

/// The commands that offer an option, and the file.
using Offers = std::uint8_t;
inline constexpr Offers kOneoff = 1;
inline constexpr Offers kPeriodic = 2;
inline constexpr Offers kProcessing = 4;
inline constexpr Offers kUpdate = 8;
inline constexpr Offers kCheck = 16;
inline constexpr Offers kFile = 32;
inline constexpr Offers kEvery = 64;  // Periodic, where the period is an argument.

/// The part of a request that a field belongs to. The policy is stored once for all jobs that share
/// it; the exit rules and the bounds are handed over with a run.
enum class Part : std::uint8_t { own, policy, exit_rules, bounds };

/// One field's value in a request, whatever its type.
class FieldValue {
 public:
  virtual ~FieldValue() = default;
  virtual bool equal(const WorkRequest& a, const WorkRequest& b) const = 0;
  virtual boost::json::value out(const WorkRequest& request, Form form) const = 0;
  virtual Read<> in(const boost::json::value& json, WorkRequest& request,
                    const Reading& reading) const = 0;
  /// Reads an option that was given with each of those texts.
  virtual Read<> parse(std::span<const std::string> texts, WorkRequest& request,
                       const Reading& reading) const = 0;
  /// Checks that the value by itself is within its bounds. `key` is its name in the error.
  virtual Result<> check(std::string_view key, const WorkRequest& request) const = 0;
  /// The words of a closed set.
  virtual std::span<const std::string_view> words() const = 0;
  virtual std::string_view varlink_type() const = 0;
  virtual bool is_flag() const = 0;
  virtual bool is_list() const = 0;
};

struct Field {
  int number = 0;  // The number on disk. It never changes and is never used again.
  FieldGroup group = FieldGroup::gets;
  Offers offers = 0;
  Part part = Part::own;
  std::string_view key;     // The name in a file; also the option, unless that is named.
  std::string_view option;  // `tag`, `every,--frequency`; empty: none.
  std::string_view object;  // The JSON object with the member `json`; empty: the request itself.
  std::string_view json;    // Empty: other fields have the value in JSON.
  std::string_view metavar;
  std::string_view help;
  bool always = false;  // It is on the wire even if it has its default.
  std::shared_ptr<const FieldValue> value;

  /// The option's first name, without dashes.
  std::string_view option_name() const { return option.substr(0, option.find(',')); }
};

/// All of them, in the order of --help and of a file.
std::span<const Field> request_fields();

/// The field with that key of a file; nullptr: none.
const Field* find_field(std::string_view key);

/// The request of that kind without any options: long maintenance waits for a machine that nobody
/// uses and that is on external power.
WorkRequest default_request(WorkKind kind);

/// Checks that each value is within the bounds of its row. validate() checks them together.
Result<> check_fields(const WorkRequest& request);

}  // namespace wm
