#ifndef CRE2_H
#define CRE2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled RE2 pattern. Matching is thread-safe; freeing is the owner's.
typedef struct cre2_pattern cre2_pattern;

/// Byte range of one group in the text; `start` is -1 where the group took no part in the match.
typedef struct cre2_span {
    int64_t start;
    int64_t length;
} cre2_span;

/// Compiles `pattern`; NULL on failure, with a NUL-terminated message in `error`.
cre2_pattern *cre2_compile(const char *pattern, size_t length, int64_t max_memory, char *error, size_t error_capacity);

void cre2_free(cre2_pattern *pattern);

/// Whether any part of `text` matches.
bool cre2_matches(const cre2_pattern *pattern, const char *text, size_t length);

/// Number of capturing groups, the whole match not counted.
int cre2_group_count(const cre2_pattern *pattern);

/// Finds the first match at or after `start`; `spans[0]` is the whole match. At most 17 spans are filled.
bool cre2_find(
    const cre2_pattern *pattern, const char *text, size_t length, size_t start, cre2_span *spans, int span_count);

#ifdef __cplusplus
}
#endif

#endif
