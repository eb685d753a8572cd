#include "daemon/methods/parts.h"

namespace wm {

Error RoomForParts::exceeded() const {
  return {ErrorCode::refused,
          "this is too much at once: incomplete lists in parts may have at most " +
              std::to_string(settings_.keep.max_work_space) +
              " bytes (limits.max_work_space); try again, or send less"};
}

}  // namespace wm
