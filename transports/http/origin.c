/* SPDX-License-Identifier: MIT */

/*
 * origin.c - comparing origins (RFC 6454 section 5); pure functions
 */

#include "http/origin.h"

#include <string.h>

/* Points into the text that it was split from. */
typedef struct {
    const char *scheme, *host;
    size_t n_scheme, n_host;
    unsigned port;
} Origin;

static unsigned
default_port(const Origin *origin)
{
    return origin->n_scheme == 5 &&
                           g_ascii_strncasecmp(origin->scheme, "https", 5) == 0
                   ? 443
                   : 80;
}

/* "host", "host:port", "[v6]:port"; @origin->scheme is known. */
static bool
split_host(const char *text, Origin *origin)
{
    const char *end = text[0] == '[' ? strchr(text, ']') : NULL;
    const char *colon = strchr(end != NULL ? end : text, ':');

    origin->host = text;
    origin->n_host = colon != NULL ? (size_t)(colon - text) : strlen(text);
    origin->port = default_port(origin);
    if (origin->n_host == 0 || memchr(text, '/', origin->n_host) != NULL)
        return false;
    if (colon == NULL || colon[1] == '\0')
        return true;

    char *rest;
    guint64 port = g_ascii_strtoull(colon + 1, &rest, 10);
    origin->port = (unsigned)port;
    return g_ascii_isdigit(colon[1]) && *rest == '\0' && port <= 65535;
}

static bool
split(const char *text, Origin *origin)
{
    const char *separator = strstr(text, "://");

    if (separator == NULL || separator == text)
        return false;
    origin->scheme = text;
    origin->n_scheme = (size_t)(separator - text);
    return split_host(separator + 3, origin);
}

static bool
part_equal(const char *a, size_t n_a, const char *b, size_t n_b)
{
    return n_a == n_b && g_ascii_strncasecmp(a, b, n_a) == 0;
}

static bool
equal(const Origin *a, const Origin *b)
{
    return part_equal(a->scheme, a->n_scheme, b->scheme, b->n_scheme) &&
           part_equal(a->host, a->n_host, b->host, b->n_host) &&
           a->port == b->port;
}

static bool
is_among(const Origin *origin, const char *const *list)
{
    Origin other;

    for (; list != NULL && *list != NULL; list++)
        if (split(*list, &other) && equal(origin, &other))
            return true;
    return false;
}

bool
fulcra__http_origin_allowed(const FulcraHttpOriginPolicy *policy,
        const char *origin, const char *scheme, const char *host)
{
    Origin theirs, ours = { .scheme = scheme, .n_scheme = strlen(scheme) };

    if (origin == NULL)
        return !policy->require;
    if (policy->mode == FULCRA_HTTP_ORIGIN_ANY)
        return true;
    if (!split(origin, &theirs))
        return false;
    if (host != NULL && split_host(host, &ours) && equal(&theirs, &ours))
        return true;
    return is_among(&theirs, policy->also) ||
           (policy->mode == FULCRA_HTTP_ORIGIN_LIST &&
                   is_among(&theirs, policy->allowed));
}
