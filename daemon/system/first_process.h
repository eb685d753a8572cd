// The duty of a container's first process: the kernel gives it every orphan there.
#pragma once

namespace wm {

/// Does nothing but in the first process of a pid namespace. That one goes on in a child, in which
/// this returns; itself it takes in orphans, passes signals on to that child, and exits with it and
/// as it does (128 + the signal that has ended it). So the children of wmd are its runs, and what
/// they leave behind, also there: an orphan of somebody else's is nothing to end with a run.
void leave_first_process();

}  // namespace wm
