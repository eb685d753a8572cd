// The numbers of the system calls that set a process's user and groups, with ids of 32 bits: on
// i386 and ARM the plain names are those of the calls that take 16.
#pragma once

#include <sys/syscall.h>

namespace wm {

#ifdef SYS_setgroups32
constexpr long kSetGroups = SYS_setgroups32;
constexpr long kSetAllGids = SYS_setresgid32;
constexpr long kSetAllUids = SYS_setresuid32;
#else
constexpr long kSetGroups = SYS_setgroups;
constexpr long kSetAllGids = SYS_setresgid;
constexpr long kSetAllUids = SYS_setresuid;
#endif

}  // namespace wm
