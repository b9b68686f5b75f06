/* SPDX-License-Identifier: MIT */

/*
 * literal.c - a resource whose whole content stands in the definition
 *
 * One representation, made when the definition is read, answers every request.
 */

#include "spaces/kinds.h"
#include <fulcra/fulcra.h>

#include <string.h>

static FulcraRepresentation *
literal_source(FulcraRequest *request, GError **error)
{
    (void)error;
    return fulcra_representation_ref(fulcra_request_get_data(request));
}

static FulcraRepresentation *
literal_exists(FulcraRequest *request, GError **error)
{
    (void)request;
    (void)error;
    return fulcra_representation_with_expiry(
            fulcra_representation_new_bool(true), FULCRA_EXPIRY_NEVER, 0);
}

static void
literal_free(void *data)
{
    fulcra_representation_unref(data);
}

static const FulcraEndpointOps literal_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = literal_source,
    .exists = literal_exists,
    .destroy = literal_free,
};

static const FulcraSchemaKey literal_keys[] = {
    { "grammar", FULCRA_SCHEMA_TEXTS, .required = true,
            .help = "which identifiers" },
    { "type", FULCRA_SCHEMA_TEXT,
            .help = "its media type; `text/plain`, or `application/json` for "
                    "`json`, where none is given" },
    { "text", FULCRA_SCHEMA_TEXT, .help = "the content, as text" },
    { "json", FULCRA_SCHEMA_ANY, .help = "or as a JSON value" },
    { NULL },
};

static const FulcraSchema literal_schema = { "literal", literal_keys, NULL,
    "A resource whose content stands here." };

/* (transfer full) */
static FulcraRepresentation *
make(JsonObject *definition)
{
    const char *text = fulcra_host_json_get_text(definition, "text", NULL);
    g_autofree char *json = NULL;
    const char *type = FULCRA_TYPE_TEXT;

    if (text == NULL) {
        json = json_to_string(
                json_object_get_member(definition, "json"), false);
        type = FULCRA_TYPE_JSON_TEXT;
    }
    type = fulcra_host_json_get_text(definition, "type", type);
    text = text != NULL ? text : json;
    return fulcra_representation_with_expiry(
            fulcra_representation_new_bytes(type, text, strlen(text)),
            FULCRA_EXPIRY_NEVER, 0);
}

static void *
literal_build(FulcraEntry *entry)
{
    JsonObject *definition = entry->definition;

    if (json_object_has_member(definition, "text") ==
            json_object_has_member(definition, "json")) {
        fulcra_host_entry_problem(entry, NULL,
                "a literal has either a \"text\" or a \"json\": say which is "
                "its content");
        return NULL;
    }
    g_autoptr(FulcraEndpoint) endpoint = fulcra_host_endpoint_new(
            "literal", &literal_ops, make(definition), NULL);
    fulcra_host_entry_bind(entry, json_object_get_member(definition, "grammar"),
            FULCRA_VERBS_ALL, endpoint);
    return NULL;
}

const FulcraKind fulcra_kind_literal = {
    .size = sizeof(FulcraKind),
    .name = "literal",
    .schema = &literal_schema,
    .help = "a resource whose content stands in the definition",
    .build = literal_build,
};
