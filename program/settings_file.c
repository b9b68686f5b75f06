/* SPDX-License-Identifier: MIT */

/*
 * settings_file.c - fulcra.json: its schema, and the layer that it gives
 *
 * The schema is the table of settings, an object for each prefix, and
 * `settings`, which is about modules and checked where they are loaded.
 */

#include "settings.h"
#include "settings_private.h"

#include <string.h>

#define X(prefix, enumerator, TYPE, name, fallback, least, most, choices,      \
        option, commands, metavar, help)                                       \
    { name, FULCRA_SCHEMA_##TYPE, false, fallback, NULL, choices, least, most, \
        help },

static const FulcraSchemaKey kernel_keys[] = {
    FULCRA_SETTINGS_KERNEL(X){ NULL },
};
static const FulcraSchema kernel_schema = { "kernel", kernel_keys, NULL, NULL };

static const FulcraSchemaKey loader_keys[] = {
    FULCRA_SETTINGS_LOADER(X){ NULL },
};
static const FulcraSchema loader_schema = { "loader", loader_keys, NULL, NULL };

static const FulcraSchemaKey http_keys[] = {
    FULCRA_SETTINGS_HTTP(X){ NULL },
};
static const FulcraSchema http_schema = { "http", http_keys, NULL, NULL };

static const FulcraSchemaKey websocket_keys[] = {
    FULCRA_SETTINGS_WEBSOCKET(X){ NULL },
};
static const FulcraSchema websocket_schema = { "websocket", websocket_keys,
    NULL, NULL };

static const FulcraSchemaKey server_keys[] = {
    FULCRA_SETTINGS_SERVER(X){ "kernel", FULCRA_SCHEMA_OBJECT,
            .of = &kernel_schema, .help = "limits of requests" },
    { "loader", FULCRA_SCHEMA_OBJECT, .of = &loader_schema,
            .help = "how long changes of modules may take" },
    { "http", FULCRA_SCHEMA_OBJECT, .of = &http_schema,
            .help = "limits of HTTP, and whose pages may use it" },
    { "websocket", FULCRA_SCHEMA_OBJECT, .of = &websocket_schema,
            .help = "limits of WebSockets" },
    { "settings", FULCRA_SCHEMA_MAPS,
            .help = "values for modules' own settings, by module URI" },
    { NULL },
};
static const FulcraSchema server_schema = { "configuration", server_keys, NULL,
    NULL };

#undef X

/* The member that a name with dots stands for. (nullable) */
static JsonNode *
find_member(JsonNode *root, const char *name)
{
    g_auto(GStrv) keys = g_strsplit(name, ".", -1);
    JsonNode *node = root;

    for (size_t i = 0; node != NULL && keys[i] != NULL; i++)
        node = json_object_get_member(json_node_get_object(node), keys[i]);
    return node;
}

/* A folder of the file is meant relative to the file. (transfer full) */
static char *
resolve_folder(FulcraDocument *document, const char *path)
{
    g_autofree char *file = g_canonicalize_filename(
            fulcra_host_document_get_file(document), NULL);
    g_autofree char *base = g_path_get_dirname(file);

    return g_canonicalize_filename(path, base);
}

static bool
append_text(
        FulcraSettings *self, FulcraSetting id, JsonNode *node, GError **error)
{
    const char *text = json_node_get_string(node);
    g_autofree char *folder =
            id == FULCRA_SETTING_MODULES || id == FULCRA_SETTING_WATCH
                    ? resolve_folder(self->document, text)
                    : NULL;

    return fulcra__settings_append(
            self, id, folder != NULL ? folder : text, error);
}

static bool
load_list(
        FulcraSettings *self, FulcraSetting id, JsonNode *node, GError **error)
{
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return append_text(self, id, node, error);

    JsonArray *array = json_node_get_array(node);
    for (unsigned i = 0; i < json_array_get_length(array); i++)
        if (!append_text(self, id, json_array_get_element(array, i), error))
            return false;
    return true;
}

/* (transfer full) */
static char *
scalar_to_text(JsonNode *node)
{
    switch (json_node_get_value_type(node)) {
    case G_TYPE_BOOLEAN:
        return g_strdup(json_node_get_boolean(node) ? "true" : "false");
    case G_TYPE_INT64:
        return g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
    default:
        return json_node_dup_string(node);
    }
}

static bool
load_setting(
        FulcraSettings *self, FulcraSetting id, JsonNode *node, GError **error)
{
    FulcraPosition position =
            fulcra_host_document_get_value(self->document, node);
    g_autofree char *origin = g_strdup_printf("%s:%u:%u",
            fulcra_host_document_get_file(self->document), position.line,
            position.column);

    if (fulcra_setting_specs[id].key.type == FULCRA_SCHEMA_TEXTS) {
        fulcra__settings_begin(self, id, origin);
        return load_list(self, id, node, error);
    }
    g_autofree char *text = scalar_to_text(node);
    return fulcra_settings_set(self, id, text, origin, error);
}

bool
fulcra_settings_load_file(
        FulcraSettings *self, const char *path, GError **error)
{
    g_autoptr(FulcraProblems) problems = fulcra_host_problems_new();

    g_return_val_if_fail(self->document == NULL, false);
    self->document = fulcra_host_document_load(path, error);
    if (self->document == NULL)
        return false;

    JsonNode *root = fulcra_host_document_get_root(self->document);
    fulcra_host_schema_check(
            &server_schema, NULL, self->document, root, problems);
    if (!fulcra_host_problems_none(problems, error))
        return false;
    for (unsigned i = 0; i < FULCRA_N_SETTINGS; i++) {
        JsonNode *node = find_member(root, fulcra_setting_specs[i].name);

        if (node != NULL && !load_setting(self, (FulcraSetting)i, node, error))
            return false;
    }
    return true;
}

JsonNode *
fulcra_settings_get_modules(
        const FulcraSettings *self, FulcraDocument **document)
{
    *document = self->document;
    if (self->document == NULL)
        return NULL;
    return find_member(
            fulcra_host_document_get_root(self->document), "settings");
}
