// What `wm update` changes of a registration.
#pragma once

#include <boost/json.hpp>

namespace wm {

/// Changes the JSON form of a request as RFC 7396 says: null removes a field, an object changes
/// its fields, anything else takes the place of what was there. Of two fields that say the same
/// thing in two ways, who sets one drops the other.
void patch_request(boost::json::object& request, const boost::json::object& patch);

}  // namespace wm
