#pragma once
#include <spawn.h>

// The C library has these only for programs that ask for its extensions, which a module cannot.

#ifdef __GLIBC__
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);
#endif
#ifdef __linux__
int pipe2(int ends[2], int flags);
#endif
