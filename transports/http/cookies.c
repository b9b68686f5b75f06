/* SPDX-License-Identifier: MIT */

/*
 * cookies.c - reading the Cookie field; pure functions
 */

#include "http/cookies.h"

#include <stdbool.h>
#include <string.h>

typedef struct {
    const char *name, *value;
    size_t n_name, n_value;
} Cookie;

static const char *
skip_blanks(const char *text)
{
    return text + strspn(text, " \t;");
}

/* The next pair, moving @at behind it; a piece without "=" is no cookie. */
static bool
next_cookie(const char **at, Cookie *cookie)
{
    for (*at = skip_blanks(*at); **at != '\0'; *at = skip_blanks(*at)) {
        const char *begin = *at;
        size_t length = strcspn(begin, ";");
        const char *equals = memchr(begin, '=', length);

        *at = begin + length;
        if (equals == NULL || equals == begin)
            continue;
        cookie->name = begin;
        cookie->n_name = (size_t)(equals - begin);
        cookie->value = equals + 1;
        cookie->n_value = length - cookie->n_name - 1;
        while (cookie->n_value > 0 &&
                strchr(" \t", cookie->value[cookie->n_value - 1]) != NULL)
            cookie->n_value--;
        if (cookie->n_value >= 2 && cookie->value[0] == '"' &&
                cookie->value[cookie->n_value - 1] == '"') {
            cookie->value++;
            cookie->n_value -= 2;
        }
        return true;
    }
    return false;
}

char *
fulcra__http_cookie_find(const char *cookies, const char *name)
{
    Cookie cookie;
    size_t n_name = strlen(name);

    while (next_cookie(&cookies, &cookie))
        if (cookie.n_name == n_name && memcmp(cookie.name, name, n_name) == 0)
            return g_strndup(cookie.value, cookie.n_value);
    return NULL;
}

unsigned
fulcra__http_cookies_count(const char *cookies)
{
    Cookie cookie;
    unsigned n = 0;

    while (next_cookie(&cookies, &cookie))
        n++;
    return n;
}

JsonNode *
fulcra__http_cookies_to_json(const char *cookies)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();
    Cookie cookie;

    while (next_cookie(&cookies, &cookie)) {
        g_autofree char *raw = g_strndup(cookie.name, cookie.n_name);
        g_autofree char *name = g_utf8_make_valid(raw, -1);
        g_autofree char *value =
                g_utf8_make_valid(cookie.value, (gssize)cookie.n_value);

        if (!json_object_has_member(object, name))
            json_object_set_string_member(object, name, value);
    }
    json_node_take_object(node, object);
    return node;
}
