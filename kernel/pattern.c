/* SPDX-License-Identifier: MIT */
/*
 * pattern.c - the one file that knows PCRE2
 *
 * A pattern is compiled once and then only read. Match data is made for each
 * match, so that threads share nothing.
 *
 * The limits: an ordinary match needs less than 100 steps, and 10,000 take
 * about 0.2 ms at worst. Meeting a limit is an answer of its own; taken for
 * "does not match" it would let hostile text choose which endpoint it reaches.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "private/pattern.h"

#include "private/intern.h"

#include <fulcra-host/sync.h>
#include <fulcra/error.h>
#include <pcre2.h>
#include <string.h>

#define MATCH_LIMIT 10000
#define DEPTH_LIMIT 1000
#define HEAP_LIMIT  1024 /* KiB */

struct _FulcraPattern {
    pcre2_code *code;
    size_t n_names;
    const char *names[FULCRA__PATTERN_MAX_GROUPS]; /* interned */
    unsigned groups[FULCRA__PATTERN_MAX_GROUPS];
};

static pcre2_match_context *limits;

static void
limits_init(void)
{
    limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(limits, MATCH_LIMIT);
    pcre2_set_depth_limit(limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(limits, HEAP_LIMIT);
}

static bool
pattern_compile(FulcraPattern *self, const char *text, size_t length,
        size_t *at, GError **error)
{
    uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF |
                       PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    int code;

    *at = 0;
    if (length > FULCRA__PATTERN_MAX_LENGTH) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a pattern of %zu bytes: the limit is %d", length,
                FULCRA__PATTERN_MAX_LENGTH);
        return false;
    }
    self->code =
            pcre2_compile((PCRE2_SPTR)text, length, options, &code, at, NULL);
    if (self->code == NULL) {
        PCRE2_UCHAR message[256] = "";

        pcre2_get_error_message(code, message, sizeof message);
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "bad pattern: %s", (const char *)message);
        return false;
    }
    /* Where JIT is not to be had, PCRE2 interprets under the same limits. */
    pcre2_jit_compile(self->code, PCRE2_JIT_COMPLETE);
    return true;
}

/* Each entry of the table: the group's number in two bytes, then its name. */
static bool
pattern_read_names(FulcraPattern *self, GError **error)
{
    uint32_t n, size;
    PCRE2_SPTR entry;

    pcre2_pattern_info(self->code, PCRE2_INFO_NAMECOUNT, &n);
    pcre2_pattern_info(self->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(self->code, PCRE2_INFO_NAMETABLE, &entry);
    if (n > FULCRA__PATTERN_MAX_GROUPS) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "%u named groups: the limit is %d", n,
                FULCRA__PATTERN_MAX_GROUPS);
        return false;
    }
    for (uint32_t i = 0; i < n; i++, entry += size) {
        self->groups[i] = (unsigned)entry[0] << 8 | entry[1];
        self->names[i] = fulcra_intern((const char *)entry + 2);
    }
    self->n_names = n;
    return true;
}

FulcraPattern *
fulcra__pattern_new(const char *text, size_t length, size_t *at, GError **error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    FulcraPattern *self = g_new0(FulcraPattern, 1);

    pthread_once(&once, limits_init);
    if (pattern_compile(self, text, length, at, error) &&
            pattern_read_names(self, error))
        return self;
    fulcra__pattern_free(self);
    return NULL;
}

void
fulcra__pattern_free(FulcraPattern *self)
{
    if (self == NULL)
        return;
    pcre2_code_free(self->code);
    g_free(self);
}

size_t
fulcra__pattern_get_names(const FulcraPattern *self, const char *const **names)
{
    *names = self->names;
    return self->n_names;
}

static void
read_spans(const FulcraPattern *self, pcre2_match_data *data, unsigned n_set,
        FulcraSpan *spans)
{
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);

    for (size_t i = 0; i < self->n_names; i++) {
        unsigned group = self->groups[i];

        spans[i] = (FulcraSpan){ 1, 0 };
        if (group < n_set && ends[2 * group] != PCRE2_UNSET)
            spans[i] = (FulcraSpan){ ends[2 * group], ends[2 * group + 1] };
    }
}

FulcraPatternResult
fulcra__pattern_match(const FulcraPattern *self, const char *text,
        size_t length, FulcraSpan *spans)
{
    pcre2_match_data *data =
            pcre2_match_data_create_from_pattern(self->code, NULL);
    FulcraPatternResult result = FULCRA_PATTERN_REFUSED;

    if (data == NULL)
        return result;
    int rc = pcre2_match(
            self->code, (PCRE2_SPTR)text, length, 0, 0, data, limits);
    if (rc == PCRE2_ERROR_NOMATCH)
        result = FULCRA_PATTERN_DIFFERS;
    else if (rc > 0)
        result = FULCRA_PATTERN_MATCHES;
    if (rc > 0 && spans != NULL)
        read_spans(self, data, (unsigned)rc, spans);
    pcre2_match_data_free(data);
    return result;
}
