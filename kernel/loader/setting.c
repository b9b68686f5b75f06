/* SPDX-License-Identifier: MIT */
/*
 * setting.c - declared in a definition, overridden in fulcra.json, and read by
 * the module's endpoints as setting:/NAME
 *
 * A declaration becomes a key of a schema, so that a default and an override
 * are checked by the checker that checks all else. The values are fixed when
 * the module is built; from then on they are shared and never change.
 */

#include "setting.h"

#include "check.h"

#include <fulcra/error.h>
#include <fulcra/representation.h>
#include <fulcra/request.h>

#include <string.h>

static const char *const type_names[] = { "text", "int", "bool", "duration",
    "size", NULL };

static const FulcraSchemaKey setting_keys[] = {
    { "type", FULCRA_SCHEMA_TEXT, .required = true, .choices = type_names,
            .help = "what its value is; a duration is read as milliseconds, a "
                    "size as bytes" },
    { "default", FULCRA_SCHEMA_ANY, .required = true,
            .help = "its value unless `fulcra.json` gives another" },
    { "help", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "what it is for, in a phrase" },
    { "min", FULCRA_SCHEMA_ANY,
            .help = "the least value of an int, a duration or a size" },
    { "max", FULCRA_SCHEMA_ANY, .help = "the greatest" },
    { NULL },
};

const FulcraSchema fulcra__setting_schema = {
    "setting",
    setting_keys,
    NULL,
    "A value that an administrator may change. Endpoints of the module read it "
    "as `setting:/NAME`.",
};

typedef struct {
    char *name;
    FulcraSchemaKey key;         /* its name is the one above */
    FulcraRepresentation *value; /* (nullable): NULL where it was wrong */
} Setting;

struct _FulcraSettings {
    char *uri;       /* (nullable) of the module, once it answers */
    GPtrArray *list; /* of Setting */
};

static void
setting_free(void *data)
{
    Setting *self = data;

    fulcra_representation_unref(self->value);
    g_free(self->name);
    g_free(self);
}

void
fulcra__module_settings_free(FulcraModuleSettings *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->list);
    g_free(self->uri);
    g_free(self);
}

static Setting *
settings_find(FulcraModuleSettings *self, const char *name)
{
    for (size_t i = 0; i < self->list->len; i++) {
        Setting *setting = self->list->pdata[i];

        if (strcmp(setting->name, name) == 0)
            return setting;
    }
    return NULL;
}

/* The names of all, ending with NULL. (transfer container) */
static const char **
settings_names(FulcraModuleSettings *self)
{
    const char **names = g_new0(const char *, self->list->len + 1);

    for (size_t i = 0; i < self->list->len; i++)
        names[i] = ((Setting *)self->list->pdata[i])->name;
    return names;
}

/* --- values: they change with the spaces that have them, never before --- */

/* @node has been checked. (transfer full) */
static FulcraRepresentation *
value_new(const FulcraSchemaKey *key, JsonNode *node)
{
    int64_t number = 0;

    switch (key->type) {
    case FULCRA_SCHEMA_TEXT:
        return fulcra_representation_new_text(json_node_get_string(node));
    case FULCRA_SCHEMA_BOOL:
        return fulcra_representation_new_bool(json_node_get_boolean(node));
    case FULCRA_SCHEMA_INT:
        return fulcra_representation_new_int(json_node_get_int(node));
    case FULCRA_SCHEMA_DURATION:
        fulcra_host_parse_duration(json_node_get_string(node), &number, NULL);
        return fulcra_representation_new_int(number);
    case FULCRA_SCHEMA_SIZE:
    default:
        fulcra_host_parse_size(json_node_get_string(node), &number, NULL);
        return fulcra_representation_new_int(number);
    }
}

static void
setting_set(Setting *self, const char *name, FulcraDocument *document,
        JsonNode *node, FulcraProblems *problems)
{
    FulcraSchemaKey key = self->key;
    bool empty = key.type == FULCRA_SCHEMA_TEXT &&
                 JSON_NODE_HOLDS_VALUE(node) &&
                 json_node_get_value_type(node) == G_TYPE_STRING;

    /* A text may be empty here, as it may not be elsewhere. */
    key.name = name;
    if (!empty && !fulcra__schema_check_value(&key, document, node, problems))
        return;
    fulcra_representation_unref(self->value);
    self->value = fulcra_representation_with_expiry(
            value_new(&key, node), FULCRA_EXPIRY_NEVER, 0);
}

/* --- declarations --- */

static FulcraSchemaType
type_from(const char *name)
{
    static const FulcraSchemaType types[] = { FULCRA_SCHEMA_TEXT,
        FULCRA_SCHEMA_INT, FULCRA_SCHEMA_BOOL, FULCRA_SCHEMA_DURATION,
        FULCRA_SCHEMA_SIZE };
    size_t i = 0;

    while (strcmp(type_names[i], name) != 0)
        i++;
    return types[i];
}

/* "min" or "max": a value of the setting's own type. */
static bool
read_limit(const FulcraSchemaKey *setting, const char *name,
        FulcraDocument *document, JsonObject *declared, int64_t *limit,
        FulcraProblems *problems)
{
    FulcraSchemaKey key = { .name = name, .type = setting->type };
    JsonNode *node = json_object_get_member(declared, name);
    g_autoptr(FulcraRepresentation) value = NULL;

    if (node == NULL)
        return true;
    if (key.type == FULCRA_SCHEMA_TEXT || key.type == FULCRA_SCHEMA_BOOL) {
        fulcra_host_problems_add(problems, document,
                fulcra_host_document_get_key(document, node),
                "\"%s\" for a setting that is no int, duration or size; take "
                "it out",
                name);
        return false;
    }
    if (!fulcra__schema_check_value(&key, document, node, problems))
        return false;
    value = value_new(&key, node);
    *limit = fulcra_representation_get_int(value);
    return true;
}

static bool
read_limits(FulcraSchemaKey *key, FulcraDocument *document,
        JsonObject *declared, FulcraProblems *problems)
{
    bool limited = json_object_has_member(declared, "min") ||
                   json_object_has_member(declared, "max");
    int64_t min = INT64_MIN, max = INT64_MAX;

    if (!read_limit(key, "min", document, declared, &min, problems) ||
            !read_limit(key, "max", document, declared, &max, problems))
        return false;
    if (min > max) {
        fulcra_host_problems_add(problems, document,
                fulcra_host_document_get_value(
                        document, json_object_get_member(declared, "max")),
                "\"max\" is less than \"min\"; exchange them");
        return false;
    }
    if (limited) {
        key->min = min;
        key->max = max;
    }
    return true;
}

static bool
name_is_valid(const char *name)
{
    const char *c = name;

    while (g_ascii_isalnum(*c) || (*c != '\0' && strchr("._-", *c) != NULL))
        c++;
    return *c == '\0' && c != name && c - name <= 64;
}

static void
settings_declare(FulcraModuleSettings *self, FulcraDocument *document,
        const char *name, JsonNode *node, FulcraProblems *problems)
{
    JsonObject *declared = json_node_get_object(node);
    Setting *setting;

    if (!name_is_valid(name)) {
        fulcra_host_problems_add(problems, document,
                fulcra_host_document_get_key(document, node),
                "a setting cannot be named \"%s\"; use letters, digits, '.', "
                "'-', '_'",
                name);
        return;
    }
    setting = g_new0(Setting, 1);
    setting->name = g_strdup(name);
    setting->key.name = setting->name;
    setting->key.type =
            type_from(fulcra_host_json_get_text(declared, "type", "text"));
    g_ptr_array_add(self->list, setting);
    if (read_limits(&setting->key, document, declared, problems))
        setting_set(setting, "default", document,
                json_object_get_member(declared, "default"), problems);
}

FulcraModuleSettings *
fulcra__module_settings_new(FulcraDocument *document, JsonObject *declared,
        FulcraProblems *problems)
{
    FulcraModuleSettings *self = g_new0(FulcraModuleSettings, 1);
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;

    self->list = g_ptr_array_new_with_free_func(setting_free);
    if (declared == NULL)
        return self;
    json_object_iter_init_ordered(&iter, declared);
    while (json_object_iter_next_ordered(&iter, &name, &node))
        settings_declare(self, document, name, node, problems);
    return self;
}

void
fulcra__module_settings_override(FulcraModuleSettings *self, const char *uri,
        FulcraDocument *document, JsonObject *values, FulcraProblems *problems)
{
    g_autofree const char **names = settings_names(self);
    g_autofree char *all = g_strjoinv(", ", (char **)names);
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;

    json_object_iter_init_ordered(&iter, values);
    while (json_object_iter_next_ordered(&iter, &name, &node)) {
        Setting *setting = settings_find(self, name);
        const char *nearest = fulcra_host_nearest(name, names);

        if (setting != NULL)
            setting_set(setting, name, document, node, problems);
        else
            fulcra_host_problems_add(problems, document,
                    fulcra_host_document_get_key(document, node),
                    "module '%s' has no setting \"%s\"; %s%s%s", uri, name,
                    nearest != NULL    ? "did you mean \""
                    : names[0] == NULL ? "it has none"
                                       : "it has ",
                    nearest != NULL ? nearest : all,
                    nearest != NULL ? "\"?" : "");
    }
}

/* --- the endpoint --- */

static FulcraRepresentation *
setting_source(FulcraRequest *request, GError **error)
{
    FulcraModuleSettings *self = fulcra_request_get_data(request);
    const char *name = fulcra_request_get_argument(request, "name");
    Setting *setting = settings_find(self, name);
    g_autofree const char **names = NULL;
    g_autofree char *all = NULL;

    if (setting != NULL)
        return fulcra_representation_ref(setting->value);
    names = settings_names(self);
    all = g_strjoinv(", ", (char **)names);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND,
            "module '%s' declares no setting '%s'; it declares %s", self->uri,
            name, *all != '\0' ? all : "none");
    return NULL;
}

static FulcraRepresentation *
setting_exists(FulcraRequest *request, GError **error)
{
    FulcraModuleSettings *self = fulcra_request_get_data(request);
    const char *name = fulcra_request_get_argument(request, "name");

    return fulcra_representation_with_expiry(
            fulcra_representation_new_bool(settings_find(self, name) != NULL),
            FULCRA_EXPIRY_NEVER, 0);
}

static void
settings_destroy(void *data)
{
    fulcra__module_settings_free(data);
}

static const FulcraEndpointOps setting_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = setting_source,
    .exists = setting_exists,
    .destroy = settings_destroy,
};

FulcraEndpoint *
fulcra__module_settings_to_endpoint(FulcraModuleSettings *self, const char *uri)
{
    FulcraEndpoint *endpoint =
            fulcra_host_endpoint_new("setting", &setting_ops, self, NULL);

    self->uri = g_strdup(uri);
    fulcra_host_endpoint_set_module(endpoint, uri);
    return endpoint;
}
