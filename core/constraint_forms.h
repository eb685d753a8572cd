// The forms of constraints: on the wire, on disk, in a file, and on the command line.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "core/forms.h"
#include "core/work.h"

namespace wm {

boost::json::object to_json(const Constraints& constraints, Form form = Form::wire);

/// Reads constraints; refuses unknown keys, and values of another type.
Read<Constraints> read_constraints(const boost::json::object& object, Form form = Form::wire);

/// `charging`, `network=unmetered`, `custom=NAME`: one constraint in the form of --prefer.
Read<Constraints> parse_constraint(const std::string& text);

/// Each constraint in that form.
std::vector<std::string> constraint_texts(const Constraints& constraints);

/// Compares the value of one constraint only.
bool same_constraint(const ConstraintDef& def, const Constraints& a, const Constraints& b);
boost::json::value constraint_out(const ConstraintDef& def, const Constraints& constraints,
                                  Form form);
Read<> constraint_in(const ConstraintDef& def, const boost::json::value& json,
                     Constraints& constraints, const Reading& reading);
Read<> constraint_parse(const ConstraintDef& def, std::span<const std::string> texts,
                        Constraints& constraints);
std::span<const std::string_view> constraint_words(const ConstraintDef& def);
std::string_view constraint_varlink_type(const ConstraintDef& def);

}  // namespace wm
