/* SPDX-License-Identifier: MIT */
/*
 * fuzz-form.c - forms of either kind
 *
 * Input: a Content-Type, a line feed, and a body. What is accepted keeps to the
 * limits, and all of its text is UTF-8 without NULs.
 */
#include "http/form.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const FulcraHttpFormLimits limits = { 8, 64, 16, 256 };

static void
check_text(const char *text, size_t limit)
{
    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_assert_cmpuint(strlen(text), <=, limit);
}

static void
check_fields(const FulcraHttpForm *form)
{
    g_autoptr(JsonNode) node = fulcra__http_forms_to_json(form, form);
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    json_object_iter_init(&iter, json_node_get_object(node));
    while (json_object_iter_next(&iter, &name, &value)) {
        check_text(name, limits.name);
        check_text(fulcra__http_form_find(form, name), limits.value);
        if (JSON_NODE_HOLDS_ARRAY(value))
            g_assert_cmpuint(json_array_get_length(json_node_get_array(value)),
                    <=, limits.fields);
    }
}

static void
check_uploads(const FulcraHttpForm *form, size_t size)
{
    g_autoptr(JsonNode) node = fulcra__http_form_uploads_to_json(form);
    JsonArray *array = json_node_get_array(node);

    g_assert_cmpuint(json_array_get_length(array), <=, limits.fields);
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        JsonObject *object = json_array_get_object_element(array, i);
        const char *name = json_object_get_string_member(object, "name");
        const char *filename =
                json_object_get_string_member(object, "filename");

        check_text(name, limits.name);
        check_text(filename, 255);
        g_assert_true(filename[0] != '\0' && strpbrk(filename, "/\\") == NULL);
        g_assert_cmpint(
                json_object_get_int_member(object, "size"), <=, (gint64)size);
        g_assert_nonnull(fulcra__http_form_get_upload(form, name, 0));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;

    if (line == NULL)
        return 0;
    g_autofree char *type =
            g_strndup((const char *)data, (size_t)(line - data));
    size_t length = size - (size_t)(line - data) - 1;
    g_autofree char *body = g_memdup2(line + 1, length);
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraHttpForm) form = fulcra__http_form_new(
            type, length > 0 ? body : "", length, &limits, &error);

    g_assert_true((form == NULL) == (error != NULL));
    if (form == NULL)
        return 0;
    check_fields(form);
    check_uploads(form, length);
    return 0;
}
