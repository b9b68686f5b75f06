/* SPDX-License-Identifier: MIT */
/*
 * requires.c - ">=1.0 <2"
 */

#include "requires.h"

#include <string.h>

/* One to three numbers. Returns how many, and 0 where it is not so. */
static unsigned
parse_numbers(const char *text, FulcraVersion *version, const char **end)
{
    unsigned n = 0;

    memset(version, 0, sizeof *version);
    do {
        const char *start = text + (n > 0); /* behind the point */
        uint64_t number;

        if (!g_ascii_isdigit(*start) ||
                (*start == '0' && g_ascii_isdigit(start[1])))
            return 0;
        number = g_ascii_strtoull(start, (char **)&text, 10);
        if (number > 999999999)
            return 0;
        version->parts[n++] = (unsigned)number;
    } while (*text == '.' && n < 3);
    *end = text;
    return n;
}

bool
fulcra__version_parse(const char *text, FulcraVersion *version)
{
    const char *end;

    return parse_numbers(text, version, &end) == 3 && *end == '\0';
}

static int
version_compare(const FulcraVersion *a, const FulcraVersion *b)
{
    for (unsigned i = 0; i < 3; i++)
        if (a->parts[i] != b->parts[i])
            return a->parts[i] < b->parts[i] ? -1 : 1;
    return 0;
}

static const struct {
    const char *text;
    bool less, equal, greater; /* than the bound: which of them match */
} comparisons[] = {
    { ">=", false, true, true },
    { "<=", true, true, false },
    { ">", false, false, true },
    { "<", true, false, false },
    { "=", false, true, false },
};

static bool
parse_comparison(const char **text, const FulcraVersion *version, bool *holds)
{
    size_t i = 0;
    FulcraVersion bound;
    int order;

    while (i < G_N_ELEMENTS(comparisons) &&
            !g_str_has_prefix(*text, comparisons[i].text))
        i++;
    if (i == G_N_ELEMENTS(comparisons) ||
            parse_numbers(*text + strlen(comparisons[i].text), &bound, text) ==
                    0)
        return false;
    order = version != NULL ? version_compare(version, &bound) : 0;
    *holds = order < 0   ? comparisons[i].less
             : order > 0 ? comparisons[i].greater
                         : comparisons[i].equal;
    return true;
}

bool
fulcra__range_parse(
        const char *range, const FulcraVersion *version, bool *matches)
{
    bool all = true;

    if (strcmp(range, "*") != 0) {
        for (;;) {
            bool holds;

            if (!parse_comparison(&range, version, &holds))
                return false;
            all = all && holds;
            if (*range == '\0')
                break;
            if (*range++ != ' ')
                return false;
        }
    }
    if (matches != NULL)
        *matches = all;
    return true;
}
