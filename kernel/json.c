/* SPDX-License-Identifier: MIT */

/*
 * json.c - JSON text to nodes, and values to JSON text
 *
 * json-glib enters the kernel's parsing here. It gets to see only what is JSON:
 * see json_check.c.
 */

#include "private/json.h"
#include <fulcra/error.h>

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
    if (!fulcra__json_check(text, error))
        return NULL;
    parser = json_parser_new_immutable();
    if (!json_parser_load_from_data(parser, text, (gssize)length, &reason) ||
            json_parser_get_root(parser) == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "not JSON: %s", reason != NULL ? reason->message : "empty");
        return NULL;
    }
    return json_parser_steal_root(parser);
}

FulcraRepresentation *
fulcra__json_print(GVariant *value)
{
    size_t length;
    char *text = json_gvariant_serialize_data(value, &length);

    return fulcra_representation_new_take(
            FULCRA_TYPE_JSON_TEXT, text, length, g_free);
}

GVariant *
fulcra__json_build(const char *format, va_list *arguments)
{
    return g_variant_ref_sink(g_variant_new_parsed_va(format, arguments));
}

FulcraRepresentation *
fulcra_representation_new_json_printf(const char *format, ...)
{
    va_list arguments;

    g_return_val_if_fail(format != NULL, NULL);

    va_start(arguments, format);
    g_autoptr(GVariant) value = fulcra__json_build(format, &arguments);
    va_end(arguments);
    return fulcra__json_print(value);
}
