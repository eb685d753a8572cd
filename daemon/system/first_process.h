// The duty of a container's first process: the kernel gives it every orphan there.
#pragma once

namespace wm {

/// Does nothing except in the first process of a pid namespace. There it makes a child, in which
/// this function returns; the first process itself adopts orphans, passes signals on to that child,
/// and exits with the child's status (128 + the signal that ended it). So the children of wmd are
/// its runs, and the orphans that it ends are those of its runs, never somebody else's.
void leave_first_process();

}  // namespace wm
