#pragma once
// What the kernel knows of its own clock; Swift's module of the C library leaves <sys/timex.h> out.
#ifdef __linux__
#include <sys/timex.h>
#endif

// 1 if something keeps the clock right, 0 if nothing does, -1 where that cannot be asked.
static inline int entrepot_clock_is_kept(void) {
#ifdef __linux__
    struct timex state = {0};
    int answer = adjtimex(&state);
    if (answer < 0) return -1;
    return answer != TIME_ERROR && !(state.status & STA_UNSYNC);
#else
    return -1;
#endif
}
