/* SPDX-License-Identifier: MIT */

/*
 * forms.c - cookies and urlencoded forms; pure functions
 */

#include "http/forms.h"

#include <fulcra/error.h>
#include <string.h>

/* --- what both make: an object of strings, or of arrays of strings --- */

static bool
add_member(
        JsonObject *object, const char *name, const char *value, GError **error)
{
    g_autofree char *text = g_utf8_make_valid(value, -1);
    g_autofree char *member = g_utf8_make_valid(name, -1);
    JsonNode *before = json_object_get_member(object, member);

    if (before == NULL) {
        if (json_object_get_size(object) >= FULCRA_HTTP_MAX_FIELDS) {
            g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                    "more than %d names", FULCRA_HTTP_MAX_FIELDS);
            return false;
        }
        json_object_set_string_member(object, member, text);
    } else if (JSON_NODE_HOLDS_ARRAY(before)) {
        json_array_add_string_element(json_node_get_array(before), text);
    } else {
        JsonArray *array = json_array_new();

        json_array_add_string_element(array, json_node_get_string(before));
        json_array_add_string_element(array, text);
        json_object_set_array_member(object, member, array);
    }
    return true;
}

static JsonNode *
node_of(JsonObject *object)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);

    json_node_set_object(node, object);
    return node;
}

/* --- cookies --- */

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

JsonNode *
fulcra__http_cookies_to_json(const char *cookies, GError **error)
{
    g_autoptr(JsonObject) object = json_object_new();
    Cookie cookie;

    while (next_cookie(&cookies, &cookie)) {
        g_autofree char *name = g_strndup(cookie.name, cookie.n_name);
        g_autofree char *value = g_strndup(cookie.value, cookie.n_value);

        if (!json_object_has_member(object, name) &&
                !add_member(object, name, value, error))
            return NULL;
    }
    return node_of(object);
}

/* --- forms --- */

/* -1: malformed, with @error; 0: the end. */
static int
next_field(GUriParamsIter *iter, char **name, char **value, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (g_uri_params_iter_next(iter, name, value, &cause))
        return 1;
    if (cause == NULL)
        return 0;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "malformed parameters: %s", cause->message);
    return -1;
}

char *
fulcra__http_form_find(
        const char *form, size_t length, const char *name, GError **error)
{
    GUriParamsIter iter;
    char *key, *value;

    g_uri_params_iter_init(
            &iter, form, (gssize)length, "&", G_URI_PARAMS_WWW_FORM);
    while (next_field(&iter, &key, &value, error) > 0) {
        bool found = strcmp(key, name) == 0;

        g_free(key);
        if (found)
            return value;
        g_free(value);
    }
    return NULL;
}

JsonNode *
fulcra__http_form_to_json(const char *form, size_t length, GError **error)
{
    g_autoptr(JsonObject) object = json_object_new();
    GUriParamsIter iter;
    char *key, *value;
    int got;

    g_uri_params_iter_init(
            &iter, form, (gssize)length, "&", G_URI_PARAMS_WWW_FORM);
    while ((got = next_field(&iter, &key, &value, error)) > 0) {
        bool added = add_member(object, key, value, error);

        g_free(key);
        g_free(value);
        if (!added)
            return NULL;
    }
    return got == 0 ? node_of(object) : NULL;
}
