/* SPDX-License-Identifier: MIT */

/*
 * json.c - JSON text to nodes: json-glib enters the kernel's parsing here
 *
 * json-glib recurses for each level of nesting and overflows the stack on deep
 * input, so the depth is measured first; and it needs text without NULs.
 */

#include "private/json.h"
#include <fulcra/error.h>

static const char *
string_skip(const char *at, const char *end)
{
    for (; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at;
}

static size_t
text_depth(const char *text, size_t length)
{
    const char *end = text + length;
    size_t depth = 0, deepest = 0;

    for (const char *at = text; at < end; at++) {
        if (*at == '"')
            at = string_skip(at + 1, end);
        else if (*at == '[' || *at == '{')
            depth++;
        else if ((*at == ']' || *at == '}') && depth > 0)
            depth--;
        deepest = MAX(deepest, depth);
    }
    return deepest;
}

JsonNode *
fulcra__json_parse(const char *text, size_t length, GError **error)
{
    g_autoptr(JsonParser) parser = NULL;
    g_autoptr(GError) reason = NULL;

    if (!g_utf8_validate_len(text, length, NULL)) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "not JSON: not UTF-8, or holds a NUL");
        return NULL;
    }
    if (text_depth(text, length) > FULCRA__JSON_MAX_DEPTH) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "JSON is nested more than %d deep", FULCRA__JSON_MAX_DEPTH);
        return NULL;
    }
    parser = json_parser_new_immutable();
    if (!json_parser_load_from_data(parser, text, (gssize)length, &reason) ||
            json_parser_get_root(parser) == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "not JSON: %s", reason != NULL ? reason->message : "empty");
        return NULL;
    }
    return json_parser_steal_root(parser);
}
