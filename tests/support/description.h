// Reads a Varlink interface's description as strictly as the strictest of its readers, and checks
// messages against it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace wm {

struct DescribedField;

/// A type in the description.
struct DescribedType {
  enum class Kind { boolean, integer, number, string, object, named, record, array, map, maybe };

  Kind kind = Kind::record;
  std::string name;                    // If it is named.
  std::vector<DescribedField> fields;  // If it is a record.
  std::vector<DescribedType> element;  // Of an array, map or maybe: exactly one.
};

struct DescribedField {
  std::string name;
  DescribedType type;
};

struct DescribedMethod {
  DescribedType in;
  DescribedType out;
};

class Description {
 public:
  /// Throws std::runtime_error with the line of the error.
  explicit Description(std::string_view text);

  const std::string& interface() const { return interface_; }
  const std::map<std::string, DescribedType>& types() const { return types_; }
  const std::map<std::string, DescribedMethod>& methods() const { return methods_; }
  const std::map<std::string, DescribedType>& errors() const { return errors_; }

  /// The problem with the parameters of a call, a reply or an error of that name (without the
  /// interface's); empty: none.
  std::string check_call(const std::string& method, const boost::json::object& parameters) const;
  std::string check_reply(const std::string& method, const boost::json::object& parameters) const;
  std::string check_error(const std::string& error, const boost::json::object& parameters) const;

 private:
  friend class DescriptionReader;

  std::string check(const DescribedType& type, const boost::json::value& value,
                    const std::string& where) const;
  std::string check_record(const DescribedType& type, const boost::json::object& value,
                           const std::string& where) const;

  std::string interface_;
  std::map<std::string, DescribedType> types_;
  std::map<std::string, DescribedMethod> methods_;
  std::map<std::string, DescribedType> errors_;
};

}  // namespace wm
