/* SPDX-License-Identifier: MIT */

/*
 * form.c - fields and files of a form, and the urlencoded kind
 *
 * A list that is searched: the limits keep it short.
 */

#include "http/form_private.h"

#include <fulcra-host/request.h>
#include <fulcra/error.h>
#include <string.h>

#define URLENCODED "application/x-www-form-urlencoded"
#define MULTIPART  "multipart/form-data"

/* Of a file's name, as file systems have it. */
#define MAX_FILENAME 255

typedef struct {
    char *name;
    char *value;                /* NULL: a file */
    FulcraRepresentation *file; /* NULL: a value */
} Field;

struct _FulcraHttpForm {
    GArray *fields; /* of Field, in the order in which they came */
};

static const FulcraHttpFormLimits no_limits = { G_MAXUINT, SIZE_MAX, SIZE_MAX,
    SIZE_MAX };

static void
field_clear(void *data)
{
    Field *self = data;

    g_free(self->name);
    g_free(self->value);
    fulcra_representation_unref(self->file);
}

FulcraHttpForm *
fulcra__http_form_new_empty(void)
{
    FulcraHttpForm *self = g_new0(FulcraHttpForm, 1);

    self->fields = g_array_new(FALSE, FALSE, sizeof(Field));
    g_array_set_clear_func(self->fields, field_clear);
    return self;
}

void
fulcra__http_form_free(FulcraHttpForm *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->fields);
    g_free(self);
}

/* --- adding --- */

static bool
too_large(GError **error, const char *what, size_t limit)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
            "the form has %s %" G_GSIZE_FORMAT, what, limit);
    return false;
}

static bool
bad(GError **error, const char *what)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "malformed form: %s", what);
    return false;
}

static bool
is_control(gunichar character)
{
    GUnicodeType type = g_unichar_type(character);

    return type == G_UNICODE_CONTROL || type == G_UNICODE_LINE_SEPARATOR ||
           type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* @name: valid UTF-8 */
static bool
has_control(const char *name)
{
    for (; *name != '\0'; name = g_utf8_next_char(name))
        if (is_control(g_utf8_get_char(name)))
            return true;
    return false;
}

static bool
check_name(const FulcraHttpForm *self, const char *name,
        const FulcraHttpFormLimits *limits, GError **error)
{
    if (self->fields->len >= limits->fields)
        return too_large(error, "more fields than", limits->fields);
    if (strlen(name) > limits->name)
        return too_large(error, "a name of more bytes than", limits->name);
    if (!g_utf8_validate(name, -1, NULL))
        return bad(error, "a name is not UTF-8");
    return !has_control(name) || bad(error, "a control character in a name");
}

bool
fulcra__http_form_add_field(FulcraHttpForm *self, const char *name,
        const char *value, size_t n_value, const FulcraHttpFormLimits *limits,
        GError **error)
{
    if (!check_name(self, name, limits, error))
        return false;
    if (n_value > limits->value)
        return too_large(error, "a field of more bytes than", limits->value);
    if (!g_utf8_validate_len(value, n_value, NULL))
        return bad(error, "a field is not UTF-8 text");

    Field field = { g_strdup(name), g_strndup(value, n_value), NULL };
    g_array_append_val(self->fields, field);
    return true;
}

/* Characters that show one name and mean another: U+202E turns the reading
 * direction, so that "gpj.exe" looks like "exe.jpg". */
static bool
is_invisible(gunichar character)
{
    return is_control(character) ||
           g_unichar_type(character) == G_UNICODE_FORMAT;
}

/* What is left of @filename without folders and invisible characters.
 * (transfer full) */
static char *
sanitise(const char *filename)
{
    g_autofree char *valid = g_utf8_make_valid(filename, -1);
    g_autoptr(GString) name = g_string_new(NULL);

    for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);

        if (character == '/' || character == '\\')
            g_string_truncate(name, 0);
        else if (!is_invisible(character) &&
                 name->len + (size_t)(g_utf8_next_char(at) - at) <=
                         MAX_FILENAME)
            g_string_append_unichar(name, character);
    }
    g_strstrip(name->str);
    if (name->str[strspn(name->str, ".")] == '\0')
        return g_strdup("file");
    return g_string_free(g_steal_pointer(&name), FALSE);
}

bool
fulcra__http_form_add_upload(FulcraHttpForm *self, const char *name,
        const char *filename, const char *type, const void *bytes,
        size_t length, const FulcraHttpFormLimits *limits, GError **error)
{
    if (!check_name(self, name, limits, error))
        return false;

    g_autofree char *safe = sanitise(filename);
    FulcraRepresentation *file = fulcra_representation_new_bytes(
            fulcra__http_known_type(type), bytes, length);
    file = fulcra_representation_with_header(file, "filename", safe);
    file = fulcra_representation_with_header(file, "content-type", type);
    Field field = { g_strdup(name), NULL,
        fulcra_host_representation_from_outside(file) };
    g_array_append_val(self->fields, field);
    return true;
}

/* --- making --- */

static bool
is_media(const char *type, const char *media)
{
    size_t length = strcspn(type, "; \t");

    return length == strlen(media) &&
           g_ascii_strncasecmp(type, media, length) == 0;
}

bool
fulcra__http_form_is(const char *type)
{
    return is_media(type, URLENCODED) || is_media(type, MULTIPART);
}

FulcraHttpForm *
fulcra__http_form_new_urlencoded(const char *text, size_t length,
        const FulcraHttpFormLimits *limits, GError **error)
{
    g_autoptr(FulcraHttpForm) self = fulcra__http_form_new_empty();
    g_autoptr(GError) cause = NULL;
    GUriParamsIter iter;
    char *name, *value;
    bool added = true;

    if (memchr(text, '\0', length) != NULL) {
        bad(error, "a NUL");
        return NULL;
    }
    g_uri_params_iter_init(
            &iter, text, (gssize)length, "&", G_URI_PARAMS_WWW_FORM);
    while (added && g_uri_params_iter_next(&iter, &name, &value, &cause)) {
        added = fulcra__http_form_add_field(self, name, value, strlen(value),
                limits != NULL ? limits : &no_limits, error);
        g_free(name);
        g_free(value);
    }
    if (cause != NULL)
        added = bad(error, cause->message);
    return added ? g_steal_pointer(&self) : NULL;
}

FulcraHttpForm *
fulcra__http_form_new(const char *type, const char *body, size_t length,
        const FulcraHttpFormLimits *limits, GError **error)
{
    if (is_media(type, MULTIPART))
        return fulcra__http_form_new_multipart(
                type, body, length, limits, error);
    return fulcra__http_form_new_urlencoded(body, length, limits, error);
}

/* --- reading --- */

static const Field *
field_at(const FulcraHttpForm *self, unsigned index)
{
    return &g_array_index(self->fields, Field, index);
}

const char *
fulcra__http_form_find(const FulcraHttpForm *self, const char *name)
{
    for (unsigned i = 0; i < self->fields->len; i++)
        if (field_at(self, i)->value != NULL &&
                strcmp(field_at(self, i)->name, name) == 0)
            return field_at(self, i)->value;
    return NULL;
}

static void
add_member(JsonObject *object, const char *name, const char *value)
{
    JsonNode *before = json_object_get_member(object, name);

    if (before == NULL) {
        json_object_set_string_member(object, name, value);
    } else if (JSON_NODE_HOLDS_ARRAY(before)) {
        json_array_add_string_element(json_node_get_array(before), value);
    } else {
        JsonArray *array = json_array_new();

        json_array_add_string_element(array, json_node_get_string(before));
        json_array_add_string_element(array, value);
        json_object_set_array_member(object, name, array);
    }
}

JsonNode *
fulcra__http_forms_to_json(
        const FulcraHttpForm *query, const FulcraHttpForm *body)
{
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();

    for (unsigned i = 0; i < query->fields->len; i++) {
        const Field *field = field_at(query, i);

        if (field->value != NULL &&
                (body == NULL ||
                        fulcra__http_form_find(body, field->name) == NULL))
            add_member(object, field->name, field->value);
    }
    for (unsigned i = 0; body != NULL && i < body->fields->len; i++)
        if (field_at(body, i)->value != NULL)
            add_member(
                    object, field_at(body, i)->name, field_at(body, i)->value);
    json_node_take_object(node, object);
    return node;
}

FulcraRepresentation *
fulcra__http_form_get_upload(
        const FulcraHttpForm *self, const char *name, uint64_t index)
{
    for (unsigned i = 0; i < self->fields->len; i++)
        if (field_at(self, i)->file != NULL &&
                strcmp(field_at(self, i)->name, name) == 0 && index-- == 0)
            return field_at(self, i)->file;
    return NULL;
}

static JsonObject *
describe(const Field *field)
{
    JsonObject *object = json_object_new();
    size_t size;

    fulcra_representation_get_bytes(field->file, &size);
    json_object_set_string_member(object, "name", field->name);
    json_object_set_string_member(object, "filename",
            fulcra_representation_get_header(field->file, "filename"));
    json_object_set_string_member(object, "type",
            fulcra_representation_get_header(field->file, "content-type"));
    json_object_set_int_member(object, "size", (gint64)size);
    return object;
}

JsonNode *
fulcra__http_form_uploads_to_json(const FulcraHttpForm *self)
{
    JsonNode *node = json_node_new(JSON_NODE_ARRAY);
    JsonArray *array = json_array_new();

    for (unsigned i = 0; i < self->fields->len; i++)
        if (field_at(self, i)->file != NULL)
            json_array_add_object_element(array, describe(field_at(self, i)));
    json_node_take_array(node, array);
    return node;
}

/* --- types --- */

/* Names of types are interned for good: not any text that comes along. */
const char *
fulcra__http_known_type(const char *media_type)
{
    static const char *const known[] = { FULCRA_TYPE_TEXT, FULCRA_TYPE_HTML,
        FULCRA_TYPE_JSON_TEXT, "text/xml", "text/css", "text/csv",
        "text/markdown", "application/xml", "application/pdf",
        "application/zip", "application/gzip", URLENCODED, MULTIPART,
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif",
        "image/svg+xml", "audio/mpeg", "audio/ogg", "video/mp4", "video/webm" };

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
        if (is_media(media_type, known[i]))
            return known[i];
    return FULCRA_TYPE_BYTES;
}
