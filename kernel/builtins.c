/* SPDX-License-Identifier: MIT */

/*
 * builtins.c - the space that every scope ends with: data: and the conversions
 * between the kernel's own types
 *
 * All of it runs inline: pure functions of their input, thread-safe.
 */

#include "private/builtins.h"
#include "private/chain.h"
#include "private/json.h"
#include "private/kernel.h"
#include "private/request.h"
#include <fulcra-host/identifier.h>
#include <fulcra/fulcra.h>
#include <json-glib/json-glib.h>

/* --- data:[TYPE][;base64],DATA (RFC 2397) --- */

static FulcraRepresentation *
data_source(FulcraRequest *request, GError **error)
{
    FulcraIdentifier *identifier = fulcra_request_get_identifier(request);
    const char *text = fulcra_identifier_get_text(identifier) + strlen("data:");
    const char *comma = strchr(text, ',');

    if (comma == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "data: needs a comma before its data");
        return NULL;
    }
    g_autofree char *type = g_strndup(text, (size_t)(comma - text));
    char *semicolon = strchr(type, ';');
    bool base64 = g_str_has_suffix(type, ";base64");
    if (semicolon != NULL)
        *semicolon = '\0';
    if (base64) {
        size_t length;
        unsigned char *bytes = g_base64_decode(comma + 1, &length);
        FulcraRepresentation *answer = fulcra_representation_new_bytes(
                *type ? type : FULCRA_TYPE_TEXT, bytes, length);

        g_free(bytes);
        return answer;
    }
    GBytes *bytes = g_uri_unescape_bytes(comma + 1, -1, NULL, error);
    if (bytes == NULL)
        return NULL;
    size_t length;
    const void *data = g_bytes_get_data(bytes, &length);
    FulcraRepresentation *answer = fulcra_representation_new_bytes(
            *type ? type : FULCRA_TYPE_TEXT, data, length);
    g_bytes_unref(bytes);
    return answer;
}

static const FulcraEndpointOps data_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = data_source,
};

/* --- expiry keys: active:attachExpiryKey+id@x+id@y, active:cutExpiryKey --- */

/* The texts of all ids. (transfer container) (nullable) */
static GPtrArray *
keys_of(FulcraRequest *request, GError **error)
{
    size_t n = fulcra_request_get_n_arguments(request, "id");
    GPtrArray *keys = g_ptr_array_sized_new((unsigned)n + 1);

    for (size_t i = 0; i < n; i++) {
        const FulcraArgument *id =
                fulcra__request_get_argument(request, "id", i);

        if (id == NULL) {
            g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                    "the id of an expiry key is a text or an identifier");
            g_ptr_array_unref(keys);
            return NULL;
        }
        g_ptr_array_add(keys,
                (void *)(id->text != NULL
                                 ? id->text
                                 : fulcra_identifier_get_text(id->identifier)));
    }
    g_ptr_array_add(keys, NULL);
    return keys;
}

/* Of a sub-request that says nothing itself. */
static FulcraRepresentation *
done(void)
{
    return fulcra_representation_with_expiry(
            fulcra_representation_new_bool(true), FULCRA_EXPIRY_ALWAYS, 0);
}

static FulcraRepresentation *
attach_source(FulcraRequest *request, GError **error)
{
    request->independent = true; /* what depends on them is the key's matter */
    if (request->parent == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "there is no request whose answer could depend on a key");
        return NULL;
    }
    g_autoptr(GPtrArray) keys = keys_of(request, error);
    if (keys == NULL)
        return NULL;
    for (unsigned i = 0; i + 1 < keys->len; i++)
        fulcra_request_attach_key(request->parent, keys->pdata[i]);
    return done();
}

static FulcraRepresentation *
attach_check_source(FulcraRequest *request, GError **error)
{
    size_t n = fulcra_request_get_n_arguments(request, "check");

    request->independent = true;
    for (size_t i = 0; i < n; i++) {
        const FulcraArgument *check =
                fulcra__request_get_argument(request, "check", i);

        if (check == NULL || check->identifier == NULL ||
                request->parent == NULL) {
            g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                    "a check is an identifier, attached to a request that "
                    "asks for this one");
            return NULL;
        }
        fulcra_request_attach_check(request->parent, check->identifier);
    }
    return done();
}

static FulcraRepresentation *
cut_source(FulcraRequest *request, GError **error)
{
    g_autoptr(GPtrArray) keys = keys_of(request, error);

    request->independent = true;
    if (keys == NULL)
        return NULL;
    fulcra_request_cut_keys(request, (const char *const *)keys->pdata);
    return done();
}

static const FulcraEndpointOps attach_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = attach_source,
};

static const FulcraEndpointOps attach_check_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = attach_check_source,
};

static const FulcraEndpointOps cut_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = cut_source,
};

/* --- conversions --- */

static FulcraRepresentation *
not_a(FulcraRequest *request, const char *what, GError **error)
{
    FulcraRepresentation *from = fulcra_request_get_primary(request);

    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "this '%s' is not %s", fulcra_representation_get_type(from), what);
    return NULL;
}

/* The same bytes under another name. */
static FulcraRepresentation *
relabel(FulcraRequest *request, GError **error)
{
    size_t length;
    FulcraRepresentation *from = fulcra_request_get_primary(request);
    const void *bytes = fulcra_representation_get_bytes(from, &length);

    if (bytes == NULL)
        return not_a(request, "bytes", error);
    return fulcra_representation_new_bytes(
            fulcra_request_get_wanted_type(request), bytes, length);
}

static FulcraRepresentation *
bytes_to_text(FulcraRequest *request, GError **error)
{
    size_t length;
    FulcraRepresentation *from = fulcra_request_get_primary(request);
    const char *bytes = fulcra_representation_get_bytes(from, &length);

    if (bytes == NULL || !g_utf8_validate_len(bytes, length, NULL))
        return not_a(request, "UTF-8 text", error);
    return relabel(request, error);
}

static FulcraRepresentation *
text_to_json(FulcraRequest *request, GError **error)
{
    size_t length;
    FulcraRepresentation *from = fulcra_request_get_primary(request);
    const char *text = fulcra_representation_get_bytes(from, &length);

    if (text == NULL)
        return not_a(request, "JSON text", error);
    JsonNode *node = fulcra__json_parse(text, length, error);
    return node == NULL ? NULL : fulcra_representation_new_json(node);
}

static FulcraRepresentation *
json_to_text(FulcraRequest *request, GError **error)
{
    JsonNode *node =
            fulcra_representation_get_json(fulcra_request_get_primary(request));
    (void)error;

    char *text = json_to_string(node, false);
    return fulcra_representation_new_take(
            fulcra_request_get_wanted_type(request), text, strlen(text),
            g_free);
}

static FulcraRepresentation *
text_to_bool(FulcraRequest *request, GError **error)
{
    const char *text =
            fulcra_representation_get_text(fulcra_request_get_primary(request));

    if (g_strcmp0(text, "true") == 0 || g_strcmp0(text, "false") == 0)
        return fulcra_representation_new_bool(*text == 't');
    return not_a(request, "'true' or 'false'", error);
}

static FulcraRepresentation *
text_to_int(FulcraRequest *request, GError **error)
{
    const char *text =
            fulcra_representation_get_text(fulcra_request_get_primary(request));
    int64_t value;

    if (text == NULL || !g_ascii_string_to_signed(
                                text, 10, INT64_MIN, INT64_MAX, &value, NULL))
        return not_a(request, "a whole number", error);
    return fulcra_representation_new_int(value);
}

static FulcraRepresentation *
json_to_bool(FulcraRequest *request, GError **error)
{
    JsonNode *node =
            fulcra_representation_get_json(fulcra_request_get_primary(request));

    if (!JSON_NODE_HOLDS_VALUE(node) ||
            json_node_get_value_type(node) != G_TYPE_BOOLEAN)
        return not_a(request, "a boolean", error);
    return fulcra_representation_new_bool(json_node_get_boolean(node));
}

static FulcraRepresentation *
json_to_int(FulcraRequest *request, GError **error)
{
    JsonNode *node =
            fulcra_representation_get_json(fulcra_request_get_primary(request));

    if (!JSON_NODE_HOLDS_VALUE(node) ||
            json_node_get_value_type(node) != G_TYPE_INT64)
        return not_a(request, "a whole number", error);
    return fulcra_representation_new_int(json_node_get_int(node));
}

static FulcraRepresentation *
json_to_strings(FulcraRequest *request, GError **error)
{
    JsonNode *node =
            fulcra_representation_get_json(fulcra_request_get_primary(request));

    if (!JSON_NODE_HOLDS_ARRAY(node))
        return not_a(request, "a list", error);

    JsonArray *array = json_node_get_array(node);
    g_autoptr(GPtrArray) strings = g_ptr_array_new();
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);

        if (!JSON_NODE_HOLDS_VALUE(element) ||
                json_node_get_value_type(element) != G_TYPE_STRING)
            return not_a(request, "a list of strings", error);
        g_ptr_array_add(strings, (void *)json_node_get_string(element));
    }
    g_ptr_array_add(strings, NULL);
    return fulcra_representation_new_strings(
            (const char *const *)strings->pdata);
}

static FulcraRepresentation *
strings_to_json(FulcraRequest *request, GError **error)
{
    const char *const *strings = fulcra_representation_get_strings(
            fulcra_request_get_primary(request));
    JsonArray *array = json_array_new();
    (void)error;

    for (; *strings != NULL; strings++)
        json_array_add_string_element(array, *strings);
    JsonNode *node = json_node_new(JSON_NODE_ARRAY);
    json_node_take_array(node, array);
    return fulcra_representation_new_json(node);
}

/* A line each. */
static FulcraRepresentation *
strings_to_text(FulcraRequest *request, GError **error)
{
    const char *const *strings = fulcra_representation_get_strings(
            fulcra_request_get_primary(request));
    (void)error;

    char *text = g_strjoinv("\n", (char **)strings);
    return fulcra_representation_new_take(
            FULCRA_TYPE_TEXT, text, strlen(text), g_free);
}

/* X(name, function, from, to): the first that fits is taken */
#define CONVERSIONS(X)                                                         \
    X("json-to-json-text", json_to_text, FULCRA_TYPE_JSON,                     \
            FULCRA_TYPE_JSON_TEXT)                                             \
    X("json-to-text", json_to_text, FULCRA_TYPE_JSON, FULCRA_TYPE_TEXT)        \
    X("json-to-bool", json_to_bool, FULCRA_TYPE_JSON, FULCRA_TYPE_BOOL)        \
    X("json-to-int", json_to_int, FULCRA_TYPE_JSON, FULCRA_TYPE_INT)           \
    X("json-to-strings", json_to_strings, FULCRA_TYPE_JSON,                    \
            FULCRA_TYPE_STRINGS)                                               \
    X("json-text-to-json", text_to_json, FULCRA_TYPE_JSON_TEXT,                \
            FULCRA_TYPE_JSON)                                                  \
    X("text-to-json", text_to_json, FULCRA_TYPE_TEXT, FULCRA_TYPE_JSON)        \
    X("bytes-to-json", text_to_json, FULCRA_TYPE_BYTES, FULCRA_TYPE_JSON)      \
    X("bool-to-json", text_to_json, FULCRA_TYPE_BOOL, FULCRA_TYPE_JSON)        \
    X("int-to-json", text_to_json, FULCRA_TYPE_INT, FULCRA_TYPE_JSON)          \
    X("text-to-bool", text_to_bool, FULCRA_TYPE_TEXT, FULCRA_TYPE_BOOL)        \
    X("text-to-int", text_to_int, FULCRA_TYPE_TEXT, FULCRA_TYPE_INT)           \
    X("strings-to-json", strings_to_json, FULCRA_TYPE_STRINGS,                 \
            FULCRA_TYPE_JSON)                                                  \
    X("strings-to-text", strings_to_text, FULCRA_TYPE_STRINGS,                 \
            FULCRA_TYPE_TEXT)                                                  \
    X("bool-to-text", relabel, FULCRA_TYPE_BOOL, FULCRA_TYPE_TEXT)             \
    X("int-to-text", relabel, FULCRA_TYPE_INT, FULCRA_TYPE_TEXT)               \
    X("text-to-text", relabel, "text/*", FULCRA_TYPE_TEXT)                     \
    X("json-text-to-text", relabel, FULCRA_TYPE_JSON_TEXT, FULCRA_TYPE_TEXT)   \
    X("bytes-to-text", bytes_to_text, FULCRA_TYPE_BYTES, FULCRA_TYPE_TEXT)     \
    X("text-to-bytes", relabel, "text/*", FULCRA_TYPE_BYTES)                   \
    X("any-to-bytes", relabel, "application/*", FULCRA_TYPE_BYTES)

typedef struct {
    const char *id, *from, *to;
    FulcraEndpointOps ops;
} Conversion;

static const Conversion conversions[] = {
#define X(name, function, type, form)                                          \
    { name, type, form,                                                        \
        { .size = sizeof(FulcraEndpointOps),                                   \
                .run = FULCRA_RUN_INLINE,                                      \
                .transrept = function } },
    CONVERSIONS(X)
#undef X
};

static const struct {
    const char *id, *grammar;
    const FulcraEndpointOps *ops;
} accessors[] = {
    { "data", "data:{rest*}", &data_ops },
    { "attach", "active:attachExpiryKey+id@{}+", &attach_ops },
    { "attach", "active:attachGoldenThread+id@{}+", &attach_ops },
    { "attach-check", "active:attachExpiryCheck+check@{}+", &attach_check_ops },
    { "cut", "active:cutExpiryKey+id@{}+", &cut_ops },
    { "cut", "active:cutGoldenThread+id@{}+", &cut_ops },
    { "chain", "active:chain+operand@{}+step@{}+", &fulcra__chain_ops },
    { "transrept", "active:transrept+operand@{}+type@{}",
            &fulcra__transrept_ops },
};

FulcraSpace *
fulcra__builtins_new(void)
{
    FulcraSpace *space = fulcra_host_space_new("urn:fulcra:kernel");

    for (size_t i = 0; i < G_N_ELEMENTS(accessors); i++) {
        g_autoptr(FulcraEndpoint) endpoint = fulcra_host_endpoint_new(
                accessors[i].id, accessors[i].ops, NULL, NULL);

        if (!fulcra_host_space_bind(space, accessors[i].grammar,
                    FULCRA_VERBS_ALL, FULCRA_ENTRY_PUBLIC, endpoint, NULL))
            g_assert_not_reached();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(conversions); i++) {
        const Conversion *conversion = &conversions[i];
        g_autoptr(FulcraEndpoint) endpoint = fulcra_host_endpoint_new(
                conversion->id, &conversion->ops, NULL, NULL);

        fulcra_host_space_add_transreptor(
                space, conversion->from, conversion->to, endpoint);
    }
    return fulcra_host_space_seal(space);
}
