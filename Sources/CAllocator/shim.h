#pragma once
// What the C library's own module does not show to Swift of its allocator.
#include <stddef.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

// Has allocations of at least so many bytes come from the system one by one, and go back to it when they are freed. By
// itself glibc learns from the first of them that is freed to keep all that are no larger, in pieces, for later.
static inline void entrepot_return_large_allocations(int bytes) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, bytes);
#else
    (void)bytes;
#endif
}
