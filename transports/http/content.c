/* SPDX-License-Identifier: MIT */

/*
 * content.c - see content.h
 *
 * Contents are not copied: a response holds a reference to its representation.
 * What can be shared hangs on the representation: JSON is rendered once and
 * an entity tag is computed once, however often it is asked for.
 */

#include "http/content.h"
#include "http/guard.h"

#include <fulcra-host/request.h>
#include <json-glib/json-glib.h>
#include <string.h>

/* --- forms with bytes --- */

static FulcraRepresentation *
render_json(FulcraRepresentation *self, void *user_data)
{
    char *text = json_to_string(fulcra_representation_get_json(self), FALSE);

    return fulcra_representation_new_take(
            FULCRA_TYPE_JSON_TEXT, text, strlen(text), g_free);
}

static FulcraRepresentation *
render_strings(FulcraRepresentation *self, void *user_data)
{
    const char *const *strings = fulcra_representation_get_strings(self);
    JsonArray *array = json_array_new();
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_ARRAY);

    for (; strings != NULL && *strings != NULL; strings++)
        json_array_add_string_element(array, *strings);
    json_node_take_array(node, array);
    char *text = json_to_string(node, FALSE);
    return fulcra_representation_new_take(
            FULCRA_TYPE_JSON_TEXT, text, strlen(text), g_free);
}

FulcraRepresentation *
fulcra__http_content_of(FulcraRepresentation *self)
{
    if (fulcra_representation_get_bytes(self, NULL) != NULL ||
            fulcra_representation_has_type(self, FULCRA_TYPE_NONE))
        return self;
    if (fulcra_representation_has_type(self, FULCRA_TYPE_JSON))
        return fulcra_host_representation_derive(
                self, fulcra_intern(FULCRA_TYPE_JSON_TEXT), render_json, NULL);
    if (fulcra_representation_has_type(self, FULCRA_TYPE_STRINGS))
        return fulcra_host_representation_derive(self,
                fulcra_intern(FULCRA_TYPE_JSON_TEXT), render_strings, NULL);
    return NULL;
}

char *
fulcra__http_content_type(FulcraRepresentation *body)
{
    const char *type = fulcra_representation_get_type(body);

    if (strcmp(type, FULCRA_TYPE_BOOL) == 0 ||
            strcmp(type, FULCRA_TYPE_INT) == 0)
        type = FULCRA_TYPE_TEXT;
    if (strchr(type, '/') == NULL ||
            !fulcra__http_is_field_value(type, strlen(type)))
        type = FULCRA_TYPE_BYTES;
    if (g_str_has_prefix(type, "text/") && strstr(type, "charset") == NULL)
        return g_strconcat(type, "; charset=utf-8", NULL);
    return g_strdup(type);
}

/* --- entity tags --- */

static FulcraRepresentation *
make_etag(FulcraRepresentation *self, void *user_data)
{
    size_t length;
    const void *bytes = fulcra_representation_get_bytes(self, &length);
    g_autofree char *sum =
            g_compute_checksum_for_data(G_CHECKSUM_SHA1, bytes, length);

    return fulcra_representation_new_printf(FULCRA_TYPE_TEXT, "\"%.27s\"", sum);
}

const char *
fulcra__http_content_etag(FulcraRepresentation *body)
{
    return fulcra_representation_get_text(fulcra_host_representation_derive(
            body, fulcra_intern("etag"), make_etag, NULL));
}

/* --- responses --- */

static void
release_body(void *body)
{
    fulcra_representation_unref(body);
}

struct MHD_Response *
fulcra__http_content_send_part(
        FulcraRepresentation *body, size_t first, size_t length)
{
    const char *bytes = fulcra_representation_get_bytes(body, NULL);

    return MHD_create_response_from_buffer_with_free_callback_cls(length,
            (void *)(bytes + first), release_body,
            fulcra_representation_ref(body));
}

struct MHD_Response *
fulcra__http_content_send(FulcraRepresentation *body)
{
    size_t length = 0;

    if (body != NULL)
        fulcra_representation_get_bytes(body, &length);
    if (length == 0)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    return fulcra__http_content_send_part(body, 0, length);
}
