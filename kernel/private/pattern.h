/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Patterns: what the kernel uses of PCRE2
 *
 * Anchored at both ends, compiled with JIT, run under limits, so that no text
 * from outside can burn CPU. Immutable and safe from any thread.
 */

#include <fulcra/types.h>

#define FULCRA__PATTERN_MAX_LENGTH (4 * 1024)
#define FULCRA__PATTERN_MAX_GROUPS 32

typedef struct _FulcraPattern FulcraPattern;

typedef enum {
    FULCRA_PATTERN_DIFFERS,
    FULCRA_PATTERN_MATCHES,
    FULCRA_PATTERN_REFUSED, /* a limit was met: neither yes nor no */
} FulcraPatternResult;

/* Where a named group matched: [start, end) in bytes; start > end: nowhere. */
typedef struct {
    size_t start, end;
} FulcraSpan;

/** @at: (out): offset in @text of what is wrong */
FulcraPattern *fulcra__pattern_new(
        const char *text, size_t length, size_t *at, GError **error);
void fulcra__pattern_free(FulcraPattern *self);

/** The interned names of the named groups, and how many there are. */
size_t fulcra__pattern_get_names(
        const FulcraPattern *self, const char *const **names);

/** @spans: (out) (nullable): one for each name */
FulcraPatternResult fulcra__pattern_match(const FulcraPattern *self,
        const char *text, size_t length, FulcraSpan *spans);
