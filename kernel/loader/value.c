/* SPDX-License-Identifier: MIT */
/*
 * value.c - what a checked value says: texts, numbers, durations, sizes
 */

#include <fulcra-host/json.h>

#include <fulcra/error.h>

#include <string.h>

typedef struct {
    const char *name;
    int64_t factor;
} Unit;

static const Unit durations[] = {
    { "ms", 1 },
    { "s", 1000 },
    { "m", 60 * 1000 },
    { "h", 60 * 60 * 1000 },
    { "d", 24 * 60 * 60 * 1000 },
    { NULL, 0 },
};

static const Unit sizes[] = {
    { "B", 1 },
    { "KiB", INT64_C(1) << 10 },
    { "MiB", INT64_C(1) << 20 },
    { "GiB", INT64_C(1) << 30 },
    { "TiB", INT64_C(1) << 40 },
    { NULL, 0 },
};

/* Digits and one of @units; "0" needs none. */
static bool
quantity_parse(const char *text, const Unit *units, int64_t *value)
{
    const char *end = text;
    int64_t number = 0;

    for (; g_ascii_isdigit(*end); end++)
        if (__builtin_mul_overflow(number, 10, &number) ||
                __builtin_add_overflow(number, *end - '0', &number))
            return false;
    if (end == text)
        return false;
    *value = 0;
    if (number == 0 && *end == '\0')
        return true;
    for (; units->name != NULL; units++)
        if (strcmp(units->name, end) == 0)
            return !__builtin_mul_overflow(number, units->factor, value);
    return false;
}

bool
fulcra_host_parse_duration(
        const char *text, int64_t *milliseconds, GError **error)
{
    g_return_val_if_fail(text != NULL && milliseconds != NULL, false);

    if (quantity_parse(text, durations, milliseconds))
        return true;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "'%s' is not a duration; write a whole number and one of ms, s, m, "
            "h, d: \"500ms\"",
            text);
    return false;
}

bool
fulcra_host_parse_size(const char *text, int64_t *bytes, GError **error)
{
    g_return_val_if_fail(text != NULL && bytes != NULL, false);

    if (quantity_parse(text, sizes, bytes))
        return true;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "'%s' is not a size; write a whole number and one of B, KiB, MiB, "
            "GiB, TiB: \"64KiB\"",
            text);
    return false;
}

/* The member @key if it is a value of @type. */
static JsonNode *
member(JsonObject *object, const char *key, GType type)
{
    JsonNode *node = json_object_get_member(object, key);

    return node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
                           json_node_get_value_type(node) == type
                   ? node
                   : NULL;
}

const char *
fulcra_host_json_get_text(
        JsonObject *object, const char *key, const char *fallback)
{
    JsonNode *node = member(object, key, G_TYPE_STRING);

    return node != NULL ? json_node_get_string(node) : fallback;
}

int64_t
fulcra_host_json_get_int(JsonObject *object, const char *key, int64_t fallback)
{
    JsonNode *node = member(object, key, G_TYPE_INT64);

    return node != NULL ? json_node_get_int(node) : fallback;
}

bool
fulcra_host_json_get_bool(JsonObject *object, const char *key, bool fallback)
{
    JsonNode *node = member(object, key, G_TYPE_BOOLEAN);

    return node != NULL ? json_node_get_boolean(node) : fallback;
}

int64_t
fulcra_host_json_get_duration(
        JsonObject *object, const char *key, int64_t fallback)
{
    const char *text = fulcra_host_json_get_text(object, key, NULL);
    int64_t value;

    return text != NULL && fulcra_host_parse_duration(text, &value, NULL)
                   ? value
                   : fallback;
}

int64_t
fulcra_host_json_get_size(JsonObject *object, const char *key, int64_t fallback)
{
    const char *text = fulcra_host_json_get_text(object, key, NULL);
    int64_t value;

    return text != NULL && fulcra_host_parse_size(text, &value, NULL)
                   ? value
                   : fallback;
}
