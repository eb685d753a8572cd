// Applies the changes of `wm update` to a registration.
#pragma once

#include <boost/json.hpp>

namespace wm {

/// Changes the JSON form of a request by RFC 7396: null removes a field, an object changes its
/// fields, anything else replaces the value. If two fields say the same thing in two ways, setting
/// one drops the other.
void patch_request(boost::json::object& request, const boost::json::object& patch);

}  // namespace wm
