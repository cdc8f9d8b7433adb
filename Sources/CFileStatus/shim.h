#pragma once
// What `stat` tells, in a struct of our own: the C library's is, to Swift, declared by whichever of several modules was
// loaded first, and its members cannot be named without importing just that one.
#include <stdint.h>
#include <sys/stat.h>

struct entrepot_file_status {
    uint64_t device;
    uint64_t file;
    int64_t size;
    int64_t modified_seconds;
    int64_t modified_nanoseconds;
    int64_t changed_seconds;
    int64_t changed_nanoseconds;
    int is_regular;
};

static inline void entrepot_file_status_fill(const struct stat *from, struct entrepot_file_status *to) {
    to->device = (uint64_t)from->st_dev;
    to->file = (uint64_t)from->st_ino;
    to->size = (int64_t)from->st_size;
#ifdef __APPLE__
    to->modified_seconds = from->st_mtimespec.tv_sec;
    to->modified_nanoseconds = from->st_mtimespec.tv_nsec;
    to->changed_seconds = from->st_ctimespec.tv_sec;
    to->changed_nanoseconds = from->st_ctimespec.tv_nsec;
#else
    to->modified_seconds = from->st_mtim.tv_sec;
    to->modified_nanoseconds = from->st_mtim.tv_nsec;
    to->changed_seconds = from->st_ctim.tv_sec;
    to->changed_nanoseconds = from->st_ctim.tv_nsec;
#endif
    to->is_regular = S_ISREG(from->st_mode);
}

// 0, or -1 with errno, as stat(2), through all links.
static inline int entrepot_status_of_path(const char *path, struct entrepot_file_status *status) {
    struct stat found;
    if (stat(path, &found) != 0) return -1;
    entrepot_file_status_fill(&found, status);
    return 0;
}

// As fstat(2).
static inline int entrepot_status_of_descriptor(int descriptor, struct entrepot_file_status *status) {
    struct stat found;
    if (fstat(descriptor, &found) != 0) return -1;
    entrepot_file_status_fill(&found, status);
    return 0;
}
