// The mark of code that runs in a child of shared memory.
#pragma once

// Such a child runs beside its parent, on its own stack. It may use only system calls, and none of
// the library's or the sanitizers' bookkeeping, such as errno.
#define WM_IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread")))
