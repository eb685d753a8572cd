// A Varlink interface's description, read as strictly as the strictest program that reads it does,
// and whether what goes over the wire is what it says.
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
  std::string name;                    // Of a named one.
  std::vector<DescribedField> fields;  // Of a record.
  std::vector<DescribedType> element;  // Of array, map and maybe: one.
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
  /// Throws std::runtime_error that names the line where it is wrong.
  explicit Description(std::string_view text);

  const std::string& interface() const { return interface_; }
  const std::map<std::string, DescribedType>& types() const { return types_; }
  const std::map<std::string, DescribedMethod>& methods() const { return methods_; }
  const std::map<std::string, DescribedType>& errors() const { return errors_; }

  /// What is wrong with the parameters of a call, a reply or an error of that name (without the
  /// interface's); empty: nothing.
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
