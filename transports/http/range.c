/* SPDX-License-Identifier: MIT */

/* range.c - see range.h */

#include "http/range.h"

#include <string.h>

static const FulcraHttpRange all = { FULCRA_HTTP_RANGE_ALL, 0, 0 };

/* Digits from *@at on; one too great to be a position counts as the greatest.
 * False where there are none. */
static bool
read_number(const char **at, uint64_t *number)
{
    const char *begin = *at;

    *number = 0;
    for (; g_ascii_isdigit(**at); (*at)++) {
        unsigned digit = (unsigned)(**at - '0');

        *number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX
                                                      : *number * 10 + digit;
    }
    return *at > begin;
}

/* The last @length bytes of @size. */
static FulcraHttpRange
suffix(uint64_t length, size_t size)
{
    if (length == 0)
        return (FulcraHttpRange){ FULCRA_HTTP_RANGE_UNSATISFIABLE, 0, 0 };
    if (size == 0)
        return all; /* satisfied by nothing, which Content-Range cannot say */
    size_t part = length < size ? (size_t)length : size;
    return (FulcraHttpRange){ FULCRA_HTTP_RANGE_PART, size - part, part };
}

FulcraHttpRange
fulcra__http_range_parse(const char *field, size_t size)
{
    uint64_t first, last = UINT64_MAX;
    bool from_end;

    if (g_ascii_strncasecmp(field, "bytes=", strlen("bytes=")) != 0)
        return all;
    field += strlen("bytes=");
    field += strspn(field, " \t");
    from_end = *field == '-';
    if (from_end)
        field++;
    if (!read_number(&field, &first))
        return all;
    if (!from_end && *field++ != '-')
        return all;
    if (!from_end && g_ascii_isdigit(*field))
        read_number(&field, &last);
    field += strspn(field, " \t");
    if (*field != '\0' || last < first)
        return all;

    if (from_end)
        return suffix(first, size);
    if (first >= size)
        return (FulcraHttpRange){ FULCRA_HTTP_RANGE_UNSATISFIABLE, 0, 0 };
    if (last >= size)
        last = size - 1;
    return (FulcraHttpRange){ FULCRA_HTTP_RANGE_PART, (size_t)first,
        (size_t)(last - first) + 1 };
}
