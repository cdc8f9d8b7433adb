#include "CRE2.h"

#include <algorithm>
#include <cstring>
#include <new>

#include <re2/re2.h>

struct cre2_pattern {
    RE2 re;
    cre2_pattern(const re2::StringPiece &pattern, const RE2::Options &options) : re(pattern, options) {}
};

extern "C" {

cre2_pattern *cre2_compile(const char *pattern, size_t length, int64_t max_memory, char *error, size_t error_capacity)
{
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(max_memory);
    cre2_pattern *compiled = new (std::nothrow) cre2_pattern(re2::StringPiece(pattern, length), options);
    if (compiled == nullptr) {
        if (error_capacity > 0) {
            std::strncpy(error, "out of memory", error_capacity - 1);
            error[error_capacity - 1] = 0;
        }
        return nullptr;
    }
    if (compiled->re.ok()) {
        return compiled;
    }
    if (error_capacity > 0) {
        const std::string &message = compiled->re.error();
        size_t count = std::min(message.size(), error_capacity - 1);
        std::memcpy(error, message.data(), count);
        error[count] = 0;
    }
    delete compiled;
    return nullptr;
}

void cre2_free(cre2_pattern *pattern) { delete pattern; }

bool cre2_matches(const cre2_pattern *pattern, const char *text, size_t length)
{
    // An empty Swift string may have no address, and RE2 tells "no match" by a null one.
    const char *base = text == nullptr ? "" : text;
    return pattern->re.Match(re2::StringPiece(base, length), 0, length, RE2::UNANCHORED, nullptr, 0);
}

int cre2_group_count(const cre2_pattern *pattern) { return pattern->re.NumberOfCapturingGroups(); }

bool cre2_find(
    const cre2_pattern *pattern, const char *text, size_t length, size_t start, cre2_span *spans, int span_count)
{
    re2::StringPiece groups[17];
    int count = std::min(span_count, 17);
    const char *base = text == nullptr ? "" : text;
    if (!pattern->re.Match(re2::StringPiece(base, length), start, length, RE2::UNANCHORED, groups, count)) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (groups[i].data() == nullptr) {
            spans[i].start = -1;
            spans[i].length = 0;
        } else {
            spans[i].start = groups[i].data() - base;
            spans[i].length = static_cast<int64_t>(groups[i].size());
        }
    }
    return true;
}

}
