#pragma once
// What the C library declares for GNU's own sources only.
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

// Has what was written to a file begin to go to its disk, and does not wait for that. Nothing is known of it afterwards: what must
// be on disk is synced all the same.
static inline void entrepot_begin_writing_out(int descriptor) {
#if defined(__linux__) && defined(__LP64__)
    syscall(SYS_sync_file_range, descriptor, 0L, 0L, 2 /* SYNC_FILE_RANGE_WRITE */);
#else
    (void)descriptor;
#endif
}
