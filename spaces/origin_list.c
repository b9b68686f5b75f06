/* SPDX-License-Identifier: MIT */

/*
 * origin_list.c - see origin_list.h
 *
 * The star of a pattern stands for labels of a host name and nothing else, so
 * no character that could end the host earlier than the pattern believes ("/",
 * ":", "@", "#") is ever taken for one.
 */

#include "spaces/origin_list.h"

#include <string.h>

#define WILDCARD "*."

static bool
is_label_character(char c)
{
    return g_ascii_islower(c) || g_ascii_isdigit(c) || c == '-' || c == '_';
}

/* "a", "a.b": labels, none of them empty. */
static bool
is_host_name(const char *text, size_t length)
{
    char before = '.';

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.' ? before == '.' : !is_label_character(text[i]))
            return false;
        before = text[i];
    }
    return length > 0 && before != '.';
}

static bool
is_address(const char *text, size_t length)
{
    if (length < 4 || text[0] != '[' || text[length - 1] != ']')
        return false;
    return strspn(text + 1, "0123456789abcdef:.") == length - 2;
}

static const char *
check_port(const char *scheme, size_t n_scheme, const char *port)
{
    char *end;
    guint64 number = g_ascii_strtoull(port, &end, 10);

    if (port[0] < '1' || port[0] > '9' || *end != '\0' || number > 65535)
        return "its port is not a number from 1 to 65535, or something "
               "follows it; an origin ends with its host or port";
    if ((n_scheme == 5 && strncmp(scheme, "https", 5) == 0 && number == 443) ||
            (n_scheme == 4 && strncmp(scheme, "http", 4) == 0 && number == 80))
        return "its port is the scheme's own: browsers leave that out, so no "
               "origin would be equal to it";
    return NULL;
}

static const char *
check_scheme(const char *pattern, const char *separator)
{
    if (separator == NULL)
        return "an origin is scheme://host, or scheme://host:port";
    for (const char *c = pattern; c < separator; c++)
        if (!g_ascii_islower(*c) &&
                (c == pattern || (!g_ascii_isdigit(*c) && !strchr("+.-", *c))))
            return "its scheme is not in lower-case letters";
    return separator == pattern ? "it has no scheme" : NULL;
}

const char *
fulcra__origin_check_pattern(const char *pattern)
{
    const char *separator = strstr(pattern, "://");
    const char *bad = check_scheme(pattern, separator);

    if (strcmp(pattern, "null") == 0)
        return "\"null\" is the origin of every sandboxed page: to admit it is "
               "to admit all";
    if (bad != NULL)
        return bad;

    const char *host = separator + strlen("://");
    bool wildcard = g_str_has_prefix(host, WILDCARD);
    if (wildcard)
        host += strlen(WILDCARD);
    size_t n_host =
            host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    n_host = MIN(n_host, strlen(host));
    bool named = is_host_name(host, n_host);

    if (!named && (wildcard || !is_address(host, n_host)))
        return "its host is not a name in lower case, as browsers write it, or "
               "an address; a star stands for the first labels only, as in "
               "https://*.example.org";
    if (wildcard && memchr(host, '.', n_host) == NULL)
        return "its star stands in front of a single label, which is not yours "
               "alone";
    if (host[n_host] == '\0')
        return NULL;
    if (host[n_host] != ':')
        return "something follows its host; an origin ends with its host or "
               "port, without a slash";
    return check_port(
            pattern, (size_t)(separator - pattern), host + n_host + 1);
}

bool
fulcra__origin_matches(const char *pattern, const char *origin)
{
    const char *star = strstr(pattern, "://" WILDCARD);

    if (star == NULL)
        return strcmp(pattern, origin) == 0;

    const char *tail = star + strlen("://*");
    size_t n_head = (size_t)(tail - 1 - pattern), n_tail = strlen(tail);
    size_t n_origin = strlen(origin);
    if (n_origin <= n_head + n_tail || strncmp(pattern, origin, n_head) != 0 ||
            strcmp(origin + n_origin - n_tail, tail) != 0)
        return false;
    return is_host_name(origin + n_head, n_origin - n_head - n_tail);
}
