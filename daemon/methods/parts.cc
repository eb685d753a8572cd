#include "daemon/methods/parts.h"

namespace wm {

Error RoomForParts::exceeded() const {
  return {ErrorCode::refused,
          "that is too much at once: what comes in parts, and is not all there yet, may have " +
              std::to_string(settings_.keep.max_work_space) +
              " bytes (limits.max_work_space); try it again, or with less"};
}

}  // namespace wm
