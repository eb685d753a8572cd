// A registration as JSON: on the wire, and on disk.
#pragma once

#include <initializer_list>

#include <boost/json.hpp>

#include "core/request_fields.h"

namespace wm {

/// The wire's form. Fields with their defaults are left out.
boost::json::object to_json(const WorkRequest& request);
/// Adds the same members to `object`.
void add_request(const WorkRequest& request, boost::json::object& object);
/// Refuses unknown keys, and values of another type. validate() checks the bounds.
Result<WorkRequest> request_from_json(const boost::json::object& object);
/// The same from an object with further members, which are ignored.
Result<WorkRequest> request_among(const boost::json::object& object);

/// One part of it, in any form. On disk the keys are the fields' numbers.
boost::json::object part_to_json(const WorkRequest& request, std::initializer_list<Part> parts,
                                 Form form = Form::wire);
/// Adds the content of such an object to `request`.
Result<> read_part(const boost::json::object& object, WorkRequest& request, Form form = Form::wire);

}  // namespace wm
