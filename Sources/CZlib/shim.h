#pragma once
#include <zlib.h>

// A macro, which Swift does not import. 15: the largest window; 32: gzip or zlib, as the content says.
static inline int entrepot_inflate_init(z_streamp stream) {
    return inflateInit2(stream, 15 + 32);
}
