/* SPDX-License-Identifier: MIT */
/*
 * schema.c - a value against its table
 *
 * Walks a value and its schema together and reports every difference where it
 * stands. What has the wrong type is reported once and not looked into; all
 * else goes on, so that one run shows all mistakes. The recursion is bounded
 * by the depth that a document may have.
 */

#include "check.h"

#include <fulcra/error.h>

#include <string.h>

typedef struct {
    const FulcraSchema *const *variants;
    FulcraDocument *document;
    FulcraProblems *problems;
    bool alone; /* an overlay that stands before no entries of its own */
} Check;

static void check_object(
        Check *self, const FulcraSchema *schema, JsonNode *node);

static void problem(Check *self, JsonNode *node, const char *format, ...)
        FULCRA_PRINTF(3, 4);

static void
problem(Check *self, JsonNode *node, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fulcra_host_problems_addv(self->problems, self->document,
            fulcra_host_document_get_value(self->document, node), format,
            arguments);
    va_end(arguments);
}

/* --- did you mean --- */

#define MAX_NAME 64u /* longer ones are not compared */

/* Edits that turn @a into @b, without regard to case: a character more, less,
 * or another; two neighbours exchanged (optimal string alignment). */
static unsigned
distance(const char *a, const char *b)
{
    unsigned rows[3][MAX_NAME + 1];
    size_t n = strlen(a), m = strlen(b);

    if (n > MAX_NAME || m > MAX_NAME)
        return MAX_NAME;
    for (unsigned j = 0; j <= m; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= n; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i - 1) % 3];

        row[0] = i;
        for (unsigned j = 1; j <= m; j++) {
            char x = g_ascii_tolower(a[i - 1]), y = g_ascii_tolower(b[j - 1]);

            row[j] = above[j - 1] + (x != y);
            row[j] = MIN(row[j], MIN(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) &&
                    y == g_ascii_tolower(a[i - 2]))
                row[j] = MIN(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

const char *
fulcra_host_nearest(const char *name, const char *const *names)
{
    const char *nearest = NULL;
    /* A typo, not a synonym: one edit for each three characters. */
    unsigned best = CLAMP((unsigned)strlen(name) / 3, 1, 3);

    for (; *names != NULL; names++) {
        unsigned d = distance(name, *names);

        if (d <= best && d < strlen(*names)) {
            nearest = *names;
            best = d - (d > 0);
        }
    }
    return nearest;
}

/* "a, b or c" */
static char *
enumerate(const char *const *names)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; names[i] != NULL; i++) {
        if (i > 0)
            g_string_append(text, names[i + 1] != NULL ? ", " : " or ");
        g_string_append(text, names[i]);
    }
    return g_string_free(text, false);
}

/* --- values --- */

/* What @node is, with an article. */
static const char *
type_of(JsonNode *node)
{
    switch (json_node_get_node_type(node)) {
    case JSON_NODE_OBJECT:
        return "an object";
    case JSON_NODE_ARRAY:
        return "a list";
    case JSON_NODE_NULL:
        return "null";
    case JSON_NODE_VALUE:
    default:
        break;
    }
    switch (json_node_get_value_type(node)) {
    case G_TYPE_STRING:
        return "a text";
    case G_TYPE_BOOLEAN:
        return "true or false";
    case G_TYPE_INT64:
        return "a whole number";
    default:
        return "a number with a fraction";
    }
}

/* What a value of @type should be, and an example. */
static const struct {
    const char *is, *example;
} types[FULCRA_N_SCHEMA_TYPES] = {
    [FULCRA_SCHEMA_TEXT] = { "a text", "\"...\"" },
    [FULCRA_SCHEMA_BOOL] = { "true or false", "true" },
    [FULCRA_SCHEMA_INT] = { "a whole number", "10" },
    [FULCRA_SCHEMA_DURATION] = { "a duration", "\"500ms\"" },
    [FULCRA_SCHEMA_SIZE] = { "a size", "\"64KiB\"" },
    [FULCRA_SCHEMA_TEXTS] = { "a text or a list of texts", "\"...\"" },
    [FULCRA_SCHEMA_OBJECT] = { "an object", "{ ... }" },
    [FULCRA_SCHEMA_LIST] = { "a list of objects", "[ { ... } ]" },
    [FULCRA_SCHEMA_MAP] = { "an object", "{ ... }" },
    [FULCRA_SCHEMA_MAPS] = { "an object", "{ ... }" },
    [FULCRA_SCHEMA_ENTRIES] = { "a list of objects", "[ { ... } ]" },
    [FULCRA_SCHEMA_TEXT_OR_OBJECT] = { "a text or an object", "\"...\"" },
    [FULCRA_SCHEMA_OVERLAY] = { "an object", "{ ... }" },
    [FULCRA_SCHEMA_ANY] = { "a value", "..." },
};

static void
wrong_type(Check *self, const char *name, FulcraSchemaType type, JsonNode *node)
{
    problem(self, node, "\"%s\" is %s; it must be %s: %s", name, type_of(node),
            types[type].is, types[type].example);
}

static bool
is_text(JsonNode *node)
{
    return JSON_NODE_HOLDS_VALUE(node) &&
           json_node_get_value_type(node) == G_TYPE_STRING;
}

static void
check_choice(Check *self, const FulcraSchemaKey *key, JsonNode *node)
{
    const char *text = json_node_get_string(node);
    const char *nearest;
    g_autofree char *choices = NULL;

    if (key->choices == NULL || g_strv_contains(key->choices, text))
        return;
    nearest = fulcra_host_nearest(text, key->choices);
    if (nearest != NULL) {
        problem(self, node, "\"%s\" cannot be \"%s\"; did you mean \"%s\"?",
                key->name, text, nearest);
        return;
    }
    choices = enumerate(key->choices);
    problem(self, node, "\"%s\" cannot be \"%s\"; it must be %s", key->name,
            text, choices);
}

static void
check_text(Check *self, const FulcraSchemaKey *key, JsonNode *node)
{
    if (!is_text(node))
        wrong_type(self, key->name, key->type, node);
    else if (*json_node_get_string(node) == '\0')
        problem(self, node, "\"%s\" is empty; %s", key->name,
                key->required ? "say what it is" : "leave it out or fill it");
    else
        check_choice(self, key, node);
}

static void
check_texts(Check *self, const FulcraSchemaKey *key, JsonNode *node)
{
    JsonArray *list;

    if (!JSON_NODE_HOLDS_ARRAY(node)) {
        if (is_text(node))
            check_text(self, key, node);
        else
            wrong_type(self, key->name, key->type, node);
        return;
    }
    list = json_node_get_array(node);
    if (json_array_get_length(list) == 0)
        problem(self, node, "\"%s\" is an empty list; leave it out or fill it",
                key->name);
    for (unsigned i = 0; i < json_array_get_length(list); i++) {
        JsonNode *element = json_array_get_element(list, i);

        if (is_text(element))
            check_text(self, key, element);
        else
            problem(self, element,
                    "\"%s\" has %s in its list; all must be texts", key->name,
                    type_of(element));
    }
}

static void
check_range(Check *self, const FulcraSchemaKey *key, JsonNode *node,
        int64_t value, const char *unit)
{
    if ((key->min == 0 && key->max == 0) ||
            (value >= key->min && value <= key->max))
        return;
    if (value < key->min)
        problem(self, node,
                "\"%s\" is %" G_GINT64_FORMAT
                "%s; it must be at least %" G_GINT64_FORMAT "%s",
                key->name, value, unit, key->min, unit);
    else
        problem(self, node,
                "\"%s\" is %" G_GINT64_FORMAT
                "%s; it must be at most %" G_GINT64_FORMAT "%s",
                key->name, value, unit, key->max, unit);
}

static void
check_int(Check *self, const FulcraSchemaKey *key, JsonNode *node)
{
    if (!JSON_NODE_HOLDS_VALUE(node) ||
            json_node_get_value_type(node) != G_TYPE_INT64)
        wrong_type(self, key->name, key->type, node);
    else
        check_range(self, key, node, json_node_get_int(node), "");
}

/* A duration or a size. */
static void
check_quantity(Check *self, const FulcraSchemaKey *key, JsonNode *node)
{
    bool duration = key->type == FULCRA_SCHEMA_DURATION;
    g_autoptr(GError) error = NULL;
    int64_t value;

    if (!is_text(node)) {
        wrong_type(self, key->name, key->type, node);
        return;
    }
    if ((duration ? fulcra_host_parse_duration : fulcra_host_parse_size)(
                json_node_get_string(node), &value, &error))
        check_range(self, key, node, value, duration ? "ms" : "B");
    else
        problem(self, node, "\"%s\": %s", key->name, error->message);
}

static void
check_bool(Check *self, const FulcraSchemaKey *key, JsonNode *node)
{
    if (!JSON_NODE_HOLDS_VALUE(node) ||
            json_node_get_value_type(node) != G_TYPE_BOOLEAN)
        wrong_type(self, key->name, key->type, node);
}

/* --- what holds other values --- */

static void
check_list(Check *self, const FulcraSchemaKey *key, JsonNode *node)
{
    JsonArray *list;

    if (!JSON_NODE_HOLDS_ARRAY(node)) {
        wrong_type(self, key->name, key->type, node);
        return;
    }
    list = json_node_get_array(node);
    for (unsigned i = 0; i < json_array_get_length(list); i++)
        check_object(self, key->of, json_array_get_element(list, i));
}

static void
check_map(Check *self, const FulcraSchemaKey *key, JsonNode *node)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        wrong_type(self, key->name, key->type, node);
        return;
    }
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        if (key->type == FULCRA_SCHEMA_MAPS) {
            if (!JSON_NODE_HOLDS_OBJECT(value))
                wrong_type(self, name, FULCRA_SCHEMA_OBJECT, value);
        } else if (key->of != NULL) {
            check_object(self, key->of, value);
        } else if (!is_text(value)) {
            wrong_type(self, name, FULCRA_SCHEMA_TEXT, value);
        }
    }
}

/* The names of all variants, for messages. (transfer container) */
static const char **
tags(const FulcraSchema *const *variants)
{
    GPtrArray *names = g_ptr_array_new();

    for (; variants != NULL && *variants != NULL; variants++)
        g_ptr_array_add(names, (char *)(*variants)->tag);
    g_ptr_array_add(names, NULL);
    return (const char **)g_ptr_array_free(names, false);
}

static const FulcraSchema *
find_variant(Check *self, JsonObject *object)
{
    for (size_t i = 0; self->variants[i] != NULL; i++)
        if (json_object_has_member(object, self->variants[i]->tag))
            return self->variants[i];
    return NULL;
}

/* A key that was perhaps meant to be one of @names. */
static const char *
nearest_of_members(
        JsonObject *object, const char *const *names, const char **member)
{
    JsonObjectIter iter;
    const char *name;
    const char *nearest = NULL;

    json_object_iter_init_ordered(&iter, object);
    while (nearest == NULL && json_object_iter_next_ordered(&iter, &name, NULL))
        nearest = fulcra_host_nearest(*member = name, names);
    return nearest;
}

static void
unknown_variant(Check *self, JsonNode *node)
{
    g_autofree const char **names = tags(self->variants);
    const char *member;
    const char *nearest =
            nearest_of_members(json_node_get_object(node), names, &member);
    g_autofree char *all = enumerate(names);

    if (nearest != NULL)
        problem(self, node,
                "an entry with unknown key \"%s\"; did you mean \"%s\"?",
                member, nearest);
    else
        problem(self, node, "an entry that says not what it is; give it %s",
                all);
}

static void
check_entry(Check *self, JsonNode *entry)
{
    const FulcraSchema *variant;

    if (!JSON_NODE_HOLDS_OBJECT(entry)) {
        problem(self, entry, "an entry is %s; it must be an object",
                type_of(entry));
        return;
    }
    variant = find_variant(self, json_node_get_object(entry));
    if (variant != NULL)
        check_object(self, variant, entry);
    else
        unknown_variant(self, entry);
}

static void
check_entries(Check *self, const FulcraSchemaKey *key, JsonNode *node)
{
    bool alone = self->alone;
    JsonArray *list;

    if (!JSON_NODE_HOLDS_ARRAY(node)) {
        wrong_type(self, key->name, key->type, node);
        return;
    }
    g_return_if_fail(self->variants != NULL);
    if (alone)
        problem(self, node,
                "an overlay of a chain has no \"%s\" of its own; take it out",
                key->name);
    self->alone = false;
    list = json_node_get_array(node);
    for (unsigned i = 0; i < json_array_get_length(list); i++)
        check_entry(self, json_array_get_element(list, i));
    self->alone = alone;
}

static void
check_overlay(Check *self, const FulcraSchemaKey *key, JsonNode *node)
{
    (void)key;
    self->alone = true;
    check_entry(self, node);
    self->alone = false;
}

static void
check_text_or_object(Check *self, const FulcraSchemaKey *key, JsonNode *node)
{
    if (is_text(node))
        check_text(self, key, node);
    else if (JSON_NODE_HOLDS_OBJECT(node))
        check_object(self, key->of, node);
    else
        wrong_type(self, key->name, key->type, node);
}

static void
check_value(Check *self, const FulcraSchemaKey *key, JsonNode *node)
{
    static void (*const checks[FULCRA_N_SCHEMA_TYPES])(
            Check *, const FulcraSchemaKey *, JsonNode *) = {
        [FULCRA_SCHEMA_TEXT] = check_text,
        [FULCRA_SCHEMA_BOOL] = check_bool,
        [FULCRA_SCHEMA_INT] = check_int,
        [FULCRA_SCHEMA_DURATION] = check_quantity,
        [FULCRA_SCHEMA_SIZE] = check_quantity,
        [FULCRA_SCHEMA_TEXTS] = check_texts,
        [FULCRA_SCHEMA_LIST] = check_list,
        [FULCRA_SCHEMA_MAP] = check_map,
        [FULCRA_SCHEMA_MAPS] = check_map,
        [FULCRA_SCHEMA_ENTRIES] = check_entries,
        [FULCRA_SCHEMA_OVERLAY] = check_overlay,
    };

    if (key->type == FULCRA_SCHEMA_OBJECT)
        check_object(self, key->of, node);
    else if (key->type == FULCRA_SCHEMA_TEXT_OR_OBJECT)
        check_text_or_object(self, key, node);
    else if (checks[key->type] != NULL)
        checks[key->type](self, key, node);
}

/* --- objects --- */

static const FulcraSchemaKey *
find_key(const FulcraSchema *schema, const char *name)
{
    for (const FulcraSchemaKey *key = schema->keys; key->name != NULL; key++)
        if (strcmp(key->name, name) == 0)
            return key;
    return NULL;
}

static void
unknown_key(Check *self, const FulcraSchema *schema, const char *name,
        JsonNode *value)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *const *list;
    const char *nearest;
    g_autofree char *all = NULL;
    FulcraPosition position =
            fulcra_host_document_get_key(self->document, value);

    for (const FulcraSchemaKey *key = schema->keys; key->name != NULL; key++)
        g_ptr_array_add(names, (char *)key->name);
    g_ptr_array_add(names, NULL);
    list = (const char *const *)names->pdata;
    nearest = fulcra_host_nearest(name, list);
    if (nearest != NULL) {
        fulcra_host_problems_add(self->problems, self->document, position,
                "unknown key \"%s\" in this %s; did you mean \"%s\"?", name,
                schema->noun, nearest);
        return;
    }
    all = enumerate(list);
    fulcra_host_problems_add(self->problems, self->document, position,
            "unknown key \"%s\" in this %s; it may have %s", name, schema->noun,
            all);
}

static void
check_object(Check *self, const FulcraSchema *schema, JsonNode *node)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    JsonObject *object;

    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        problem(self, node, "this %s is %s; it must be an object: { ... }",
                schema->noun, type_of(node));
        return;
    }
    object = json_node_get_object(node);
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        const FulcraSchemaKey *key = find_key(schema, name);

        if (key != NULL)
            check_value(self, key, value);
        else
            unknown_key(self, schema, name, value);
    }
    for (const FulcraSchemaKey *key = schema->keys; key->name != NULL; key++)
        if (key->required && !json_object_has_member(object, key->name) &&
                !(self->alone && key->type == FULCRA_SCHEMA_ENTRIES))
            problem(self, node, "this %s has no \"%s\"; add \"%s\": %s",
                    schema->noun, key->name, key->name,
                    types[key->type].example);
}

bool
fulcra__schema_check_value(const FulcraSchemaKey *key, FulcraDocument *document,
        JsonNode *node, FulcraProblems *problems)
{
    Check check = { NULL, document, problems, false };
    size_t before = fulcra_host_problems_count(problems);

    check_value(&check, key, node);
    return fulcra_host_problems_count(problems) == before;
}

bool
fulcra_host_schema_check(const FulcraSchema *self,
        const FulcraSchema *const *variants, FulcraDocument *document,
        JsonNode *node, FulcraProblems *problems)
{
    Check check = { variants, document, problems, false };
    size_t before = fulcra_host_problems_count(problems);

    g_return_val_if_fail(self != NULL && node != NULL, false);

    check_object(&check, self, node);
    return fulcra_host_problems_count(problems) == before;
}
