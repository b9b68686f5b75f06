/* SPDX-License-Identifier: MIT */
/*
 * schema-print.c - a schema for editors and for people
 *
 * Both forms first collect the schemas that can be reached, each once: a
 * schema may lead back to itself through the entries that nest.
 */

#include <fulcra-host/schema.h>

#include <string.h>

typedef struct {
    const FulcraSchema *const *variants;
    GPtrArray *schemas; /* of const FulcraSchema *, in the order of discovery */
} Collection;

static void
collect(Collection *self, const FulcraSchema *schema)
{
    if (schema == NULL || g_ptr_array_find(self->schemas, schema, NULL))
        return;
    g_ptr_array_add(self->schemas, (void *)schema);
    for (const FulcraSchemaKey *key = schema->keys; key->name != NULL; key++) {
        collect(self, key->of);
        if (key->type == FULCRA_SCHEMA_ENTRIES)
            for (size_t i = 0; self->variants[i] != NULL; i++)
                collect(self, self->variants[i]);
    }
}

static Collection
collection_new(const FulcraSchema *schema, const FulcraSchema *const *variants)
{
    static const FulcraSchema *const none[] = { NULL };
    Collection self = { variants != NULL ? variants : none, g_ptr_array_new() };

    collect(&self, schema);
    return self;
}

/* The noun in one word. (transfer full) */
static char *
name_of(const FulcraSchema *schema)
{
    return g_strdelimit(g_strdup(schema->noun), " ", '-');
}

/* --- JSON Schema --- */

static void
put(JsonBuilder *builder, const char *name, const char *text)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, text);
}

static void
put_reference(JsonBuilder *builder, const FulcraSchema *schema)
{
    g_autofree char *name = name_of(schema);
    g_autofree char *path = g_strconcat("#/$defs/", name, NULL);

    put(builder, "$ref", path);
}

static void
put_choices(JsonBuilder *builder, const char *const *choices)
{
    json_builder_set_member_name(builder, "enum");
    json_builder_begin_array(builder);
    for (; *choices != NULL; choices++)
        json_builder_add_string_value(builder, *choices);
    json_builder_end_array(builder);
}

static void
put_text_type(JsonBuilder *builder, const FulcraSchemaKey *key)
{
    put(builder, "type", "string");
    if (key->choices != NULL) {
        put_choices(builder, key->choices);
        return;
    }
    json_builder_set_member_name(builder, "minLength");
    json_builder_add_int_value(builder, 1);
}

static void
put_texts_type(JsonBuilder *builder, const FulcraSchemaKey *key)
{
    json_builder_set_member_name(builder, "anyOf");
    json_builder_begin_array(builder);
    json_builder_begin_object(builder);
    put_text_type(builder, key);
    json_builder_end_object(builder);
    json_builder_begin_object(builder);
    put(builder, "type", "array");
    json_builder_set_member_name(builder, "minItems");
    json_builder_add_int_value(builder, 1);
    json_builder_set_member_name(builder, "items");
    json_builder_begin_object(builder);
    put_text_type(builder, key);
    json_builder_end_object(builder);
    json_builder_end_object(builder);
    json_builder_end_array(builder);
}

static void
put_int_type(JsonBuilder *builder, const FulcraSchemaKey *key)
{
    put(builder, "type", "integer");
    if (key->min == 0 && key->max == 0)
        return;
    json_builder_set_member_name(builder, "minimum");
    json_builder_add_int_value(builder, key->min);
    json_builder_set_member_name(builder, "maximum");
    json_builder_add_int_value(builder, key->max);
}

static void
put_pattern_type(JsonBuilder *builder, const char *pattern)
{
    put(builder, "type", "string");
    put(builder, "pattern", pattern);
}

static void
put_list_type(
        JsonBuilder *builder, const FulcraSchemaKey *key, const Collection *all)
{
    put(builder, "type", "array");
    json_builder_set_member_name(builder, "items");
    json_builder_begin_object(builder);
    if (key->type == FULCRA_SCHEMA_LIST) {
        put_reference(builder, key->of);
    } else {
        json_builder_set_member_name(builder, "oneOf");
        json_builder_begin_array(builder);
        for (size_t i = 0; all->variants[i] != NULL; i++) {
            json_builder_begin_object(builder);
            put_reference(builder, all->variants[i]);
            json_builder_end_object(builder);
        }
        json_builder_end_array(builder);
    }
    json_builder_end_object(builder);
}

static void
put_text_or_object_type(JsonBuilder *builder, const FulcraSchemaKey *key)
{
    json_builder_set_member_name(builder, "anyOf");
    json_builder_begin_array(builder);
    json_builder_begin_object(builder);
    put_text_type(builder, key);
    json_builder_end_object(builder);
    json_builder_begin_object(builder);
    put_reference(builder, key->of);
    json_builder_end_object(builder);
    json_builder_end_array(builder);
}

static void
put_map_type(JsonBuilder *builder, const FulcraSchemaKey *key)
{
    put(builder, "type", "object");
    json_builder_set_member_name(builder, "additionalProperties");
    json_builder_begin_object(builder);
    if (key->of != NULL)
        put_reference(builder, key->of);
    else
        put(builder, "type",
                key->type == FULCRA_SCHEMA_MAPS ? "object" : "string");
    json_builder_end_object(builder);
}

static void
put_type(
        JsonBuilder *builder, const FulcraSchemaKey *key, const Collection *all)
{
    switch (key->type) {
    case FULCRA_SCHEMA_TEXT:
        put_text_type(builder, key);
        break;
    case FULCRA_SCHEMA_BOOL:
        put(builder, "type", "boolean");
        break;
    case FULCRA_SCHEMA_INT:
        put_int_type(builder, key);
        break;
    case FULCRA_SCHEMA_DURATION:
        put_pattern_type(builder, "^(0|[0-9]+(ms|s|m|h|d))$");
        break;
    case FULCRA_SCHEMA_SIZE:
        put_pattern_type(builder, "^(0|[0-9]+(B|KiB|MiB|GiB|TiB))$");
        break;
    case FULCRA_SCHEMA_TEXTS:
        put_texts_type(builder, key);
        break;
    case FULCRA_SCHEMA_OBJECT:
        put_reference(builder, key->of);
        break;
    case FULCRA_SCHEMA_LIST:
    case FULCRA_SCHEMA_ENTRIES:
        put_list_type(builder, key, all);
        break;
    case FULCRA_SCHEMA_MAP:
    case FULCRA_SCHEMA_MAPS:
        put_map_type(builder, key);
        break;
    case FULCRA_SCHEMA_TEXT_OR_OBJECT:
        put_text_or_object_type(builder, key);
        break;
    case FULCRA_SCHEMA_OVERLAY: /* as an entry, but for what is required */
        put(builder, "type", "object");
        break;
    case FULCRA_SCHEMA_ANY:
    case FULCRA_N_SCHEMA_TYPES:
        break;
    }
}

static void
put_default(JsonBuilder *builder, const FulcraSchemaKey *key)
{
    if (key->fallback == NULL)
        return;
    json_builder_set_member_name(builder, "default");
    if (key->type == FULCRA_SCHEMA_BOOL)
        json_builder_add_boolean_value(
                builder, strcmp(key->fallback, "true") == 0);
    else if (key->type == FULCRA_SCHEMA_INT)
        json_builder_add_int_value(
                builder, g_ascii_strtoll(key->fallback, NULL, 10));
    else
        json_builder_add_string_value(builder, key->fallback);
}

static void
put_required(JsonBuilder *builder, const FulcraSchema *schema)
{
    json_builder_set_member_name(builder, "required");
    json_builder_begin_array(builder);
    for (const FulcraSchemaKey *key = schema->keys; key->name != NULL; key++)
        if (key->required)
            json_builder_add_string_value(builder, key->name);
    json_builder_end_array(builder);
}

static void
put_definition(
        JsonBuilder *builder, const FulcraSchema *schema, const Collection *all)
{
    g_autofree char *name = name_of(schema);

    json_builder_set_member_name(builder, name);
    json_builder_begin_object(builder);
    if (schema->help != NULL)
        put(builder, "description", schema->help);
    put(builder, "type", "object");
    json_builder_set_member_name(builder, "properties");
    json_builder_begin_object(builder);
    for (const FulcraSchemaKey *key = schema->keys; key->name != NULL; key++) {
        json_builder_set_member_name(builder, key->name);
        json_builder_begin_object(builder);
        if (key->help != NULL)
            put(builder, "description", key->help);
        put_type(builder, key, all);
        put_default(builder, key);
        json_builder_end_object(builder);
    }
    json_builder_end_object(builder);
    put_required(builder, schema);
    json_builder_set_member_name(builder, "additionalProperties");
    json_builder_add_boolean_value(builder, false);
    json_builder_end_object(builder);
}

static char *
generate(JsonBuilder *builder)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = NULL;

    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, true);
    text = json_generator_to_data(generator, NULL);
    return g_strconcat(text, "\n", NULL);
}

char *
fulcra_host_schema_to_json_schema(const FulcraSchema *self,
        const FulcraSchema *const *variants, const char *title)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    Collection all = collection_new(self, variants);

    json_builder_begin_object(builder);
    put(builder, "$schema", "https://json-schema.org/draft/2020-12/schema");
    put(builder, "title", title);
    put_reference(builder, self);
    json_builder_set_member_name(builder, "$defs");
    json_builder_begin_object(builder);
    for (size_t i = 0; i < all.schemas->len; i++)
        put_definition(builder, all.schemas->pdata[i], &all);
    json_builder_end_object(builder);
    json_builder_end_object(builder);
    g_ptr_array_unref(all.schemas);
    return generate(builder);
}

/* --- Markdown --- */

/* The type of a key in words. (transfer full) */
static char *
type_in_words(const FulcraSchemaKey *key)
{
    static const char *const names[FULCRA_N_SCHEMA_TYPES] = {
        [FULCRA_SCHEMA_TEXT] = "text",
        [FULCRA_SCHEMA_BOOL] = "true or false",
        [FULCRA_SCHEMA_INT] = "whole number",
        [FULCRA_SCHEMA_DURATION] = "duration",
        [FULCRA_SCHEMA_SIZE] = "size",
        [FULCRA_SCHEMA_TEXTS] = "text or list of texts",
        [FULCRA_SCHEMA_OBJECT] = "object",
        [FULCRA_SCHEMA_LIST] = "list",
        [FULCRA_SCHEMA_MAP] = "object",
        [FULCRA_SCHEMA_MAPS] = "object",
        [FULCRA_SCHEMA_ENTRIES] = "list of entries",
        [FULCRA_SCHEMA_TEXT_OR_OBJECT] = "text or object",
        [FULCRA_SCHEMA_OVERLAY] = "overlay entry",
        [FULCRA_SCHEMA_ANY] = "value",
    };
    g_autofree char *choices = NULL;

    if (key->choices != NULL) {
        choices = g_strjoinv("`, `", (char **)key->choices);
        return g_strdup_printf("%s`%s`",
                key->type == FULCRA_SCHEMA_TEXTS ? "some of " : "", choices);
    }
    if (key->type == FULCRA_SCHEMA_INT && (key->min != 0 || key->max != 0))
        return g_strdup_printf("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                key->min, key->max);
    if (key->of != NULL)
        return g_strdup_printf("%s (%s%s)", names[key->type],
                key->type == FULCRA_SCHEMA_OBJECT ||
                                key->type == FULCRA_SCHEMA_TEXT_OR_OBJECT
                        ? ""
                        : "each: ",
                key->of->noun);
    return g_strdup(names[key->type]);
}

static void
append_row(GString *text, const FulcraSchemaKey *key)
{
    g_autofree char *type = type_in_words(key);

    g_string_append_printf(text, "| `%s` | %s | ", key->name, type);
    if (key->required)
        g_string_append(text, "required");
    else if (key->fallback != NULL)
        g_string_append_printf(text, "`%s`", key->fallback);
    g_string_append_printf(
            text, " | %s |\n", key->help != NULL ? key->help : "");
}

char *
fulcra_host_schema_to_markdown(
        const FulcraSchema *self, const FulcraSchema *const *variants)
{
    Collection all = collection_new(self, variants);
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < all.schemas->len; i++) {
        const FulcraSchema *schema = all.schemas->pdata[i];
        const char *noun = schema->noun;

        g_string_append_printf(text, "%s### %c%s\n\n", i > 0 ? "\n" : "",
                g_ascii_toupper(*noun), noun + 1);
        if (schema->help != NULL)
            g_string_append_printf(text, "%s\n\n", schema->help);
        g_string_append(text, "| key | value | default | meaning |\n"
                              "| --- | --- | --- | --- |\n");
        for (const FulcraSchemaKey *key = schema->keys; key->name != NULL;
                key++)
            append_row(text, key);
    }
    g_ptr_array_unref(all.schemas);
    return g_string_free(text, false);
}
