/* SPDX-License-Identifier: MIT */

/*
 * message_type.c - see message_type.h
 *
 * What a client wrote becomes the slots of a request, or its primary: data in
 * every place, whatever it looks like.
 */

#include "spaces/message_type.h"
#include "spaces/mapper_map.h"
#include <fulcra/fulcra.h>

typedef struct {
    const char *name; /* interned */
    size_t min, max;  /* characters */
    bool trim;
    char *refuse, *help;
} Field;

struct _FulcraMessageType {
    GArray *fields;      /* of Field */
    const char *primary; /* (nullable): the name of one */
    FulcraDeclaredRequest *request;
};

static void
field_clear(void *field)
{
    Field *self = field;

    g_free(self->refuse);
    g_free(self->help);
}

void
fulcra__message_type_free(FulcraMessageType *self)
{
    g_array_unref(self->fields);
    fulcra_host_declared_request_free(self->request);
    g_free(self);
}

/* --- reading a message --- */

/* What @node says; empty where it is no text. (transfer full) */
static char *
field_take(const Field *self, JsonNode *node)
{
    bool is_text =
            node != NULL && json_node_get_value_type(node) == G_TYPE_STRING;
    char *text = g_strdup(is_text ? json_node_get_string(node) : "");

    return self->trim ? g_strstrip(text) : text;
}

/* An optional field (min 0) may be left out, but not be of another type. */
static bool
field_fits(const Field *self, JsonNode *node, const char *text)
{
    size_t length = (size_t)g_utf8_strlen(text, -1);

    if (node != NULL && json_node_get_value_type(node) != G_TYPE_STRING)
        return false;
    return length >= self->min && length <= self->max;
}

bool
fulcra__message_type_read(const FulcraMessageType *self, JsonObject *message,
        FulcraMessageFields *fields, GError **error)
{
    fields->n = 0;
    for (unsigned i = 0; i < self->fields->len; i++) {
        const Field *field = &g_array_index(self->fields, Field, i);
        JsonNode *node = json_object_get_member(message, field->name);
        char *text = field_take(field, node);

        fields->texts[fields->n] = text;
        fields->slots[fields->n++] = fulcra_slot_text(field->name, text);
        if (field_fits(field, node, text))
            continue;
        fulcra_error_refuse(error, field->refuse, "%s", field->help);
        return false;
    }
    return true;
}

void
fulcra__message_fields_clear(FulcraMessageFields *fields)
{
    while (fields->n > 0)
        g_free(fields->texts[--fields->n]);
}

/* --- the request --- */

static void
set_primary(const FulcraMessageType *self, FulcraRequest *request,
        const FulcraMessageFields *fields)
{
    for (unsigned i = 0; i < fields->n; i++) {
        if (fields->slots[i].name != self->primary)
            continue;
        g_autoptr(FulcraRepresentation) text =
                fulcra_host_representation_from_outside(
                        fulcra_representation_new_text(fields->texts[i]));
        fulcra_request_set_primary(request, text);
    }
}

FulcraRequest *
fulcra__message_type_make(const FulcraMessageType *self, FulcraRequest *parent,
        const FulcraMessageFields *fields, GError **error)
{
    FulcraDeclaredUse use = {
        .verb = FULCRA_VERB_SINK, .slots = fields->slots, .n_slots = fields->n
    };
    FulcraRequest *request = fulcra_host_declared_request_instantiate(
            self->request, parent, &use, error);

    if (request != NULL && self->primary != NULL)
        set_primary(self, request, fields);
    return request;
}

/* --- building one from a definition --- */

static const FulcraSchemaKey field_keys[] = {
    { "max", FULCRA_SCHEMA_INT, .required = true, .min = 1, .max = 1000000,
            .help = "the most characters (code points) that it may have" },
    { "min", FULCRA_SCHEMA_INT, .fallback = "1", .max = 1000000,
            .help = "the fewest; where it is 0 the field may be left out" },
    { "trim", FULCRA_SCHEMA_BOOL, .fallback = "false",
            .help = "whether white space at both ends is taken away first" },
    { "refuse", FULCRA_SCHEMA_TEXT,
            .help = "the code of the error where it does not fit; `bad-NAME` "
                    "unless it is given" },
    { "help", FULCRA_SCHEMA_TEXT,
            .help = "the message of that error: what would be right" },
    { NULL },
};

static const FulcraSchema field_schema = { "message field", field_keys, NULL,
    "A text in a message." };

static const FulcraSchemaKey type_keys[] = {
    { "fields", FULCRA_SCHEMA_MAP, .of = &field_schema,
            .help = "its members: all are texts; others are ignored" },
    { "request", FULCRA_SCHEMA_TEXT_OR_OBJECT, .required = true,
            .of = &fulcra_host_declared_request_schema,
            .help = "what is asked; slots are the fields and those of the "
                    "grammar; `SINK` without a `verb`" },
    { "primary", FULCRA_SCHEMA_TEXT,
            .help = "the field that is the primary argument of the request, "
                    "however long; the whole message unless one is named" },
    { NULL },
};

const FulcraSchema fulcra__message_type_schema = { "message type", type_keys,
    NULL, NULL };

static void
build_field(FulcraEntry *entry, FulcraMessageType *self, const char *name,
        JsonNode *node)
{
    JsonObject *object = json_node_get_object(node);
    int64_t min = fulcra_host_json_get_int(object, "min", 1);
    int64_t max = fulcra_host_json_get_int(object, "max", 1);
    const char *code = fulcra_host_json_get_text(object, "refuse", NULL);
    const char *help = fulcra_host_json_get_text(object, "help", NULL);
    Field field = {
        .name = fulcra_intern(name),
        .min = (size_t)min,
        .max = (size_t)max,
        .trim = fulcra_host_json_get_bool(object, "trim", false),
        .refuse = code ? g_strdup(code) : g_strconcat("bad-", name, NULL),
        .help = help ? g_strdup(help)
                     : g_strdup_printf("%s is a text of %" G_GINT64_FORMAT
                                       " to %" G_GINT64_FORMAT " characters",
                               name, min, max),
    };

    if (min > max)
        fulcra_host_entry_problem(entry, node,
                "\"min\" is greater than \"max\": no text would fit");
    g_array_append_val(self->fields, field);
}

static void
build_fields(FulcraEntry *entry, FulcraMessageType *self, JsonNode *node)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *field;

    if (node == NULL)
        return;
    if (json_object_get_size(json_node_get_object(node)) >
            FULCRA__MESSAGE_MAX_FIELDS) {
        fulcra_host_entry_problem(entry, node, "%u fields; the limit is %d",
                json_object_get_size(json_node_get_object(node)),
                FULCRA__MESSAGE_MAX_FIELDS);
        return;
    }
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &field))
        build_field(entry, self, name, field);
}

static bool
has_slot(const GArray *slots, const char *name)
{
    for (unsigned i = 0; i < slots->len; i++)
        if (g_str_equal(g_array_index(slots, FulcraGrammarSlot, i).name, name))
            return true;
    return false;
}

/* The fields join the slots of the grammar; none may hide one. */
static void
add_slots(FulcraEntry *entry, const FulcraMessageType *self, JsonNode *node,
        GArray *slots)
{
    for (unsigned i = 0; i < self->fields->len; i++) {
        const Field *field = &g_array_index(self->fields, Field, i);
        FulcraGrammarSlot slot = {
            .name = field->name, .argument = true, .optional = field->min == 0
        };

        if (has_slot(slots, field->name))
            fulcra_host_entry_problem(entry, node,
                    "{%s} is a slot of the grammar already; call the field or "
                    "the slot something else",
                    field->name);
        g_array_append_val(slots, slot);
    }
}

static void
build_primary(FulcraEntry *entry, FulcraMessageType *self, JsonNode *node)
{
    if (node == NULL)
        return;
    self->primary = fulcra_intern(json_node_get_string(node));
    for (unsigned i = 0; i < self->fields->len; i++)
        if (g_array_index(self->fields, Field, i).name == self->primary)
            return;
    fulcra_host_entry_problem(entry, node,
            "\"%s\" is none of the \"fields\"; name one of them",
            self->primary);
}

FulcraMessageType *
fulcra__message_type_parse(
        FulcraEntry *entry, const GPtrArray *grammars, JsonNode *node)
{
    JsonObject *object = json_node_get_object(node);
    FulcraMessageType *self = g_new0(FulcraMessageType, 1);
    FulcraDeclaredNames names = { .more = false };
    g_autoptr(GArray) slots =
            fulcra__grammars_list_slots(grammars, &names.more);

    self->fields = g_array_new(false, false, sizeof(Field));
    g_array_set_clear_func(self->fields, field_clear);
    build_fields(entry, self, json_object_get_member(object, "fields"));
    build_primary(entry, self, json_object_get_member(object, "primary"));
    add_slots(entry, self, node, slots);
    fulcra__grammars_add_transport_slots(grammars, slots);
    names.slots = (FulcraGrammarSlot *)slots->data;
    names.n_slots = slots->len;
    self->request = fulcra_host_declared_request_parse(entry->document,
            entry->problems, json_object_get_member(object, "request"), &names);
    return self;
}
