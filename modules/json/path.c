/* SPDX-License-Identifier: MIT */

/* path.c - see path.h */

#include "path.h"
#include <fulcra/error.h>

#include <string.h>

/* One step: a name, or an index where there is none. */
typedef struct {
    char *name;
    int64_t index;
} Step;

static void
step_clear(Step *self)
{
    g_free(self->name);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Step, step_clear)

static bool
malformed(const char *path, const char *at, const char *right, GError **error)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "path '%s', character %ld: %s", path,
            g_utf8_pointer_to_offset(path, at) + 1, right);
    return false;
}

/* After '["': the name, up to '"]'. A quote in it is written \". */
static bool
read_quoted(const char *path, const char **at, Step *step, GError **error)
{
    g_autoptr(GString) name = g_string_new(NULL);
    const char *c = *at;

    for (; *c != '\0' && *c != '"'; c++) {
        if (*c == '\\' && c[1] != '\0')
            c++;
        g_string_append_c(name, *c);
    }
    if (c[0] != '"' || c[1] != ']')
        return malformed(path, c, "'\"]' would be right", error);
    step->name = g_string_free(g_steal_pointer(&name), FALSE);
    *at = c + 2;
    return true;
}

/* After '[': a number and ']'. */
static bool
read_index(const char *path, const char **at, Step *step, GError **error)
{
    const char *end = strchr(*at, ']');
    g_autofree char *digits =
            end != NULL ? g_strndup(*at, (size_t)(end - *at)) : NULL;

    if (digits == NULL || !g_ascii_string_to_signed(digits, 10, -G_MAXINT32,
                                  G_MAXINT32, &step->index, NULL))
        return malformed(path, *at,
                "an index such as [0] or a name such as [\"a\"] would be right",
                error);
    *at = end + 1;
    return true;
}

static bool
read_step(const char *path, const char **at, Step *step, GError **error)
{
    if (g_str_has_prefix(*at, "[\"")) {
        *at += 2;
        return read_quoted(path, at, step, error);
    }
    if (**at == '[') {
        *at += 1;
        return read_index(path, at, step, error);
    }
    if (**at == '.')
        *at += 1;
    else if (*at != path)
        return malformed(path, *at, "'.' or '[' would be right", error);

    size_t length = strcspn(*at, ".[");
    if (length == 0)
        return malformed(path, *at, "a name would be right", error);
    step->name = g_strndup(*at, length);
    *at += length;
    return true;
}

static const char *
describe(JsonNode *node)
{
    if (JSON_NODE_HOLDS_OBJECT(node))
        return "an object";
    if (JSON_NODE_HOLDS_ARRAY(node))
        return "an array";
    return "neither an object nor an array";
}

static JsonNode *
take_name(JsonNode *node, const char *name, GString *why)
{
    JsonNode *next;

    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        g_string_append_printf(why, "%s, and has no members", describe(node));
        return NULL;
    }
    next = json_object_get_member(json_node_get_object(node), name);
    if (next == NULL)
        g_string_append_printf(why, "an object without '%s'", name);
    return next;
}

static JsonNode *
take_index(JsonNode *node, int64_t index, GString *why)
{
    if (!JSON_NODE_HOLDS_ARRAY(node)) {
        g_string_append_printf(why, "%s, and has no index", describe(node));
        return NULL;
    }

    JsonArray *array = json_node_get_array(node);
    int64_t length = json_array_get_length(array);
    int64_t at = index < 0 ? length + index : index;
    if (at < 0 || at >= length) {
        g_string_append_printf(why,
                "an array of %" G_GINT64_FORMAT ", without [%" G_GINT64_FORMAT
                "]",
                length, index);
        return NULL;
    }
    return json_array_get_element(array, (unsigned)at);
}

/* Takes one step from @node; @why begins with where that is. */
static JsonNode *
take_step(JsonNode *node, const char *path, size_t walked, const Step *step,
        GString *why)
{
    g_string_printf(why, "%s%.*s%s is ", walked ? "'" : "the whole",
            (int)walked, path, walked ? "'" : "");
    return step->name != NULL ? take_name(node, step->name, why)
                              : take_index(node, step->index, why);
}

bool
json_path_find(JsonNode *root, const char *path, JsonNode **found, GString *why,
        GError **error)
{
    JsonNode *node = root;
    const char *at = path;

    while (*at != '\0') {
        g_auto(Step) step = { NULL, 0 };
        size_t walked = (size_t)(at - path);

        if (!read_step(path, &at, &step, error))
            return false;
        if (node != NULL)
            node = take_step(node, path, walked, &step, why);
    }
    *found = node;
    return true;
}
