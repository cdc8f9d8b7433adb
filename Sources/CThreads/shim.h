#pragma once
// What the C library's own module does not show to Swift of threads.
#include <pthread.h>

#ifdef __APPLE__
int pthread_setname_np(const char *name);
#else
int pthread_setname_np(pthread_t thread, const char *name);
#endif

static inline void entrepot_name_this_thread(const char *name) {
#ifdef __APPLE__
    pthread_setname_np(name);
#else
    pthread_setname_np(pthread_self(), name);
#endif
}
