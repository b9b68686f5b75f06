/* SPDX-License-Identifier: MIT */

/* condition.c - see condition.h */

#include "http/condition.h"

#include <stdio.h>
#include <string.h>

/* --- dates --- */

static unsigned
month_parse(const char *name)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *at = strlen(name) == 3 ? strstr(names, name) : NULL;

    return at != NULL && (at - names) % 3 == 0 ? (unsigned)(at - names) / 3 + 1
                                               : 0;
}

/* Two digits stand for a year at most 50 years ahead. */
static int
year_of_two_digits(int year)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    int this_year = g_date_time_get_year(now);
    int full = this_year - this_year % 100 + year;

    return full > this_year + 50 ? full - 100 : full;
}

/* All of @text, or nothing: %n must have been reached at its end. */
bool
fulcra__http_date_parse(const char *text, int64_t *seconds)
{
    char month[4] = "";
    int day = 0, year = 0, hour = 0, minute = 0, second = 0, end = 0;

    if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day,
                month, &year, &hour, &minute, &second, &end) == 6 &&
            end > 0) {
    } else if (sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n",
                       &day, month, &year, &hour, &minute, &second,
                       &end) == 6 &&
               end > 0) {
        year = year_of_two_digits(year);
    } else if (sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n",
                       month, &day, &hour, &minute, &second, &year,
                       &end) != 6 ||
               end == 0) {
        return false;
    }
    if (text[end] != '\0' || month_parse(month) == 0 || second > 60)
        return false;
    g_autoptr(GDateTime) date = g_date_time_new_utc(
            year, (int)month_parse(month), day, hour, minute, MIN(second, 59));
    if (date == NULL)
        return false;
    *seconds = g_date_time_to_unix(date);
    return true;
}

/* --- entity tags (section 8.8.3) --- */

static bool
is_weak(const char *etag)
{
    return g_str_has_prefix(etag, "W/");
}

/* Whether @list, of tags or "*", has @etag. A weak tag equals none where the
 * comparison is @strong. */
static bool
list_has(const char *list, const char *etag, bool strong)
{
    const char *opaque = is_weak(etag) ? etag + 2 : etag;
    size_t length = strlen(opaque);

    if (strcmp(list, "*") == 0)
        return true;
    while (*(list += strspn(list, ", \t")) != '\0') {
        bool weak = is_weak(list);
        const char *tag = weak ? list + 2 : list;
        const char *close = *tag == '"' ? strchr(tag + 1, '"') : NULL;

        if (close == NULL)
            return false; /* malformed from here on */
        if ((size_t)(close + 1 - tag) == length &&
                memcmp(tag, opaque, length) == 0 &&
                !(strong && (weak || is_weak(etag))))
            return true;
        list = close + 1;
    }
    return false;
}

/* --- conditions, in the order of section 13.2.2 --- */

/* Whether @current is at most as recent as @since; @otherwise where that
 * cannot be told. */
static bool
unmodified(
        const FulcraHttpValidators *current, const char *since, bool otherwise)
{
    int64_t now, then;

    if (current->modified == NULL ||
            !fulcra__http_date_parse(current->modified, &now) ||
            !fulcra__http_date_parse(since, &then))
        return otherwise;
    return now <= then;
}

unsigned
fulcra__http_conditions_judge(
        const FulcraHttpConditions *self, const FulcraHttpValidators *current)
{
    if (self->if_match != NULL) {
        if (current->etag == NULL ||
                !list_has(self->if_match, current->etag, true))
            return 412;
    } else if (self->if_unmodified_since != NULL &&
               !unmodified(current, self->if_unmodified_since, true)) {
        return 412;
    }

    if (self->if_none_match != NULL)
        return current->etag != NULL && list_has(self->if_none_match,
                                                current->etag, false)
                       ? 304
                       : 0;
    return self->if_modified_since != NULL &&
                           unmodified(current, self->if_modified_since, false)
                   ? 304
                   : 0;
}

bool
fulcra__http_conditions_allow_range(
        const FulcraHttpConditions *self, const FulcraHttpValidators *current)
{
    const char *tag = self->if_range;

    if (tag == NULL)
        return true;
    if (tag[0] == '"' || is_weak(tag))
        return current->etag != NULL && !is_weak(tag) &&
               strcmp(tag, current->etag) == 0;
    return current->modified != NULL && !current->weak_by_nature &&
           strcmp(tag, current->modified) == 0;
}
