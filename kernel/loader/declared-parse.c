/* SPDX-License-Identifier: MIT */
/*
 * declared-parse.c - a declared request, read and checked
 *
 * All that can be wrong is found here, where it stands: identifiers and
 * grammars, names of slots that nothing fills, slots that could never fit.
 */

#include "declared.h"

#include <fulcra-host/identifier.h>
#include <fulcra/representation.h>

#include <string.h>

#define MAX_ARGUMENTS 64
#define MAX_LITERAL   (4 * 1024) /* bytes of a text in an identifier */

static const char *const verbs[] = { "SOURCE", "SINK", "NEW", "DELETE",
    "EXISTS", "META", NULL };

static const FulcraSchemaKey request_keys[] = {
    { "identifier", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "what is asked for; {slots} are filled in" },
    { "verb", FULCRA_SCHEMA_TEXT, .choices = verbs,
            .help = "what is asked of it; a mapper passes on the verb that "
                    "came, all else means `SOURCE`" },
    { "type", FULCRA_SCHEMA_TEXT,
            .help = "the type of representation that is wanted" },
    { "arguments", FULCRA_SCHEMA_ANY,
            .help = "an object: name and identifier, `{ \"text\": ... }`, "
                    "`{ \"json\": ... }`, `{ \"slot\": ... }`, `{ "
                    "\"request\": ... }`, or a list of these" },
    { "headers", FULCRA_SCHEMA_MAP, .help = "headers of the request" },
    { "primary", FULCRA_SCHEMA_ANY,
            .help = "whether the primary argument is passed on, by default for "
                    "SINK and NEW; or `{ \"text\": ... }`, `{ \"json\": ... "
                    "}`" },
    { "varargs", FULCRA_SCHEMA_BOOL,
            .help = "pass on all other arguments that came; by default where "
                    "it is of `ws:`" },
    { "no-dependency", FULCRA_SCHEMA_BOOL,
            .help = "what is made of the answer does not expire with it" },
    { NULL },
};

const FulcraSchema fulcra_host_declared_request_schema = { "declared request",
    request_keys, NULL,
    "A request as data. A text is short for one that has only an "
    "`identifier`." };

typedef struct {
    FulcraDocument *document;
    FulcraProblems *problems;
    const FulcraDeclaredNames *names;
    bool refers; /* to one of them */
} Parse;

static void problem(Parse *self, JsonNode *node, const char *format, ...)
        FULCRA_PRINTF(3, 4);

static void
problem(Parse *self, JsonNode *node, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fulcra_host_problems_addv(self->problems, self->document,
            fulcra_host_document_get_value(self->document, node), format,
            arguments);
    va_end(arguments);
}

static bool
is_text(JsonNode *node)
{
    return JSON_NODE_HOLDS_VALUE(node) &&
           json_node_get_value_type(node) == G_TYPE_STRING;
}

/* --- names --- */

static const FulcraGrammarSlot *
find_slot(Parse *self, const char *name)
{
    for (size_t i = 0; i < self->names->n_slots; i++)
        if (strcmp(self->names->slots[i].name, name) == 0)
            return &self->names->slots[i];
    return NULL;
}

static bool
is_value(Parse *self, const char *name)
{
    return self->names->values != NULL &&
           g_strv_contains(self->names->values, name);
}

/* (transfer container) */
static const char **
all_names(Parse *self)
{
    GPtrArray *names = g_ptr_array_new();

    for (size_t i = 0; i < self->names->n_slots; i++)
        g_ptr_array_add(names, (char *)self->names->slots[i].name);
    for (size_t i = 0; self->names->values && self->names->values[i]; i++)
        g_ptr_array_add(names, (char *)self->names->values[i]);
    g_ptr_array_add(names, NULL);
    return (const char **)g_ptr_array_free(names, false);
}

/* Whether something may come under @name. */
static bool
check_name(Parse *self, JsonNode *node, const char *name)
{
    g_autofree const char **names = all_names(self);
    g_autofree char *all = g_strjoinv("}, {", (char **)names);
    const char *nearest = fulcra_host_nearest(name, names);

    self->refers = true;
    if (self->names->more || g_strv_contains(names, name))
        return true;
    if (nearest != NULL)
        problem(self, node, "there is no {%s} here; did you mean {%s}?", name,
                nearest);
    else if (*all != '\0')
        problem(self, node, "there is no {%s} here; there is {%s}", name, all);
    else
        problem(self, node, "there is no {%s} here; nothing fills slots", name);
    return false;
}

/* --- identifiers --- */

static bool
check_slot(Parse *self, JsonNode *node, const FulcraGrammarSlot *slot)
{
    const FulcraGrammarSlot *outer = find_slot(self, slot->name);

    if (!check_name(self, node, slot->name))
        return false;
    if (is_value(self, slot->name)) {
        problem(self, node,
                "{%s} is no text; pass it as an argument: \"arguments\": { "
                "\"operand\": { \"slot\": \"%s\" } }",
                slot->name, slot->name);
        return false;
    }
    if (outer != NULL && outer->rest && !outer->argument && !slot->rest) {
        problem(self, node,
                "{%s} may hold \"/\" or nothing, as the grammar has it; write "
                "{%s*}",
                slot->name, slot->name);
        return false;
    }
    return true;
}

static bool
parse_grammar(Parse *self, JsonNode *node, FulcraTemplate *template)
{
    g_autoptr(GError) error = NULL;
    bool fine = true;

    template->grammar = fulcra_host_grammar_new(template->text, &error);
    if (template->grammar == NULL) {
        fulcra_host_problems_add_syntax(
                self->problems, self->document, node, "identifier", error);
        return false;
    }
    if (fulcra_host_grammar_get_scheme(template->grammar) == NULL) {
        problem(self, node,
                "a regex builds no identifier; write what is asked "
                "for, with {slots}");
        return false;
    }
    template->slots = fulcra_host_grammar_list_slots(
            template->grammar, &template->n_slots);
    for (size_t i = 0; i < template->n_slots; i++)
        fine = check_slot(self, node, &template->slots[i]) && fine;
    return fine;
}

/* A text with slots is a grammar to build with, any other an identifier. */
static bool
parse_template(Parse *self, JsonNode *node, FulcraTemplate *template)
{
    g_autoptr(GError) error = NULL;

    template->text = g_strdup(json_node_get_string(node));
    if (strchr(template->text, '{') != NULL)
        return parse_grammar(self, node, template);
    template->identifier = fulcra_host_identifier_parse(template->text, &error);
    if (template->identifier == NULL)
        fulcra_host_problems_add_syntax(
                self->problems, self->document, node, "identifier", error);
    return template->identifier != NULL;
}

/* --- arguments --- */

static FulcraDeclaredRequest *parse_request(Parse *self, JsonNode *node);

/* { "text": ..., "type": ... } or { "json": ... }. (transfer full) (nullable)
 */
static FulcraRepresentation *
parse_value(Parse *self, JsonObject *object)
{
    JsonNode *text = json_object_get_member(object, "text");
    const char *type =
            fulcra_host_json_get_text(object, "type", FULCRA_TYPE_TEXT);

    if (text == NULL)
        return fulcra_representation_new_json(
                json_node_copy(json_object_get_member(object, "json")));
    if (!is_text(text)) {
        problem(self, text, "\"text\" must be a text: \"...\"");
        return NULL;
    }
    return fulcra_representation_new_bytes(type, json_node_get_string(text),
            strlen(json_node_get_string(text)));
}

static bool
parse_text(Parse *self, JsonObject *object, FulcraDeclaredArgument *argument)
{
    JsonNode *text = json_object_get_member(object, "text");

    if (text == NULL || json_object_has_member(object, "type")) {
        argument->kind = FULCRA_DECLARED_VALUE;
        argument->value = parse_value(self, object);
        return argument->value != NULL;
    }
    argument->kind = FULCRA_DECLARED_TEXT;
    argument->text =
            is_text(text) ? g_strdup(json_node_get_string(text)) : NULL;
    if (argument->text == NULL)
        problem(self, text, "\"text\" must be a text: \"...\"");
    else if (strlen(argument->text) > MAX_LITERAL)
        problem(self, text,
                "a text of %zu bytes is too long for an identifier; add "
                "\"type\": \"text/plain\", and it is passed by value",
                strlen(argument->text));
    else
        return true;
    return false;
}

static bool
parse_slot(Parse *self, JsonNode *node, const char *name,
        FulcraDeclaredArgument *argument)
{
    g_autofree char *text = g_strconcat("arg:", name, NULL);
    g_autoptr(GError) error = NULL;

    argument->kind = FULCRA_DECLARED_SLOT;
    argument->slot = g_strdup(name);
    argument->reference.identifier = fulcra_host_identifier_parse(text, &error);
    if (argument->reference.identifier == NULL)
        problem(self, node, "%s", error->message);
    return argument->reference.identifier != NULL;
}

static bool
parse_nested(Parse *self, JsonNode *node, FulcraDeclaredArgument *argument)
{
    argument->kind = FULCRA_DECLARED_NESTED;
    if (self->names->root) {
        problem(self, node,
                "a request that is issued by itself cannot hold "
                "another; pass a reference");
        return false;
    }
    if (!is_text(node) &&
            !fulcra_host_schema_check(&fulcra_host_declared_request_schema,
                    NULL, self->document, node, self->problems))
        return false;
    argument->request = parse_request(self, node);
    return argument->request != NULL;
}

/* The keys of an argument that is an object: one of these, and "type". */
static JsonNode *
only_member(Parse *self, JsonNode *node, const char **key)
{
    static const char *const keys[] = { "text", "json", "slot", "request",
        NULL };
    JsonObject *object = json_node_get_object(node);
    unsigned others = json_object_has_member(object, "text") &&
                      json_object_has_member(object, "type");

    for (size_t i = 0; keys[i] != NULL; i++)
        if (json_object_has_member(object, *key = keys[i]) &&
                json_object_get_size(object) == 1 + others)
            return json_object_get_member(object, keys[i]);
    problem(self, node,
            "an argument is one of { \"text\": \"...\" }, { \"json\": ... }, "
            "{ \"slot\": \"NAME\" }, { \"request\": { ... } }, or the text of "
            "an identifier");
    return NULL;
}

static bool
parse_object(Parse *self, JsonNode *node, FulcraDeclaredArgument *argument)
{
    const char *key;
    JsonNode *member = only_member(self, node, &key);

    if (member == NULL)
        return false;
    if (strcmp(key, "request") == 0)
        return parse_nested(self, member, argument);
    if (strcmp(key, "slot") != 0)
        return parse_text(self, json_node_get_object(node), argument);
    if (!is_text(member)) {
        problem(self, member, "\"slot\" must be a name: \"...\"");
        return false;
    }
    return check_name(self, member, json_node_get_string(member)) &&
           parse_slot(self, member, json_node_get_string(member), argument);
}

/* The text of an identifier; "arg:NAME" is what came under that name. */
static bool
parse_reference(Parse *self, JsonNode *node, FulcraDeclaredArgument *argument)
{
    const char *text = json_node_get_string(node);

    if (g_str_has_prefix(text, "arg:") && strchr(text, '{') == NULL) {
        self->refers = true;
        return parse_slot(self, node, text + strlen("arg:"), argument);
    }
    argument->kind = FULCRA_DECLARED_REFERENCE;
    return parse_template(self, node, &argument->reference);
}

static void
parse_one(Parse *self, FulcraDeclaredRequest *request, const char *name,
        JsonNode *node)
{
    FulcraDeclaredArgument argument = { .name = fulcra_intern(name) };

    if (is_text(node))
        parse_reference(self, node, &argument);
    else if (JSON_NODE_HOLDS_OBJECT(node))
        parse_object(self, node, &argument);
    else
        problem(self, node,
                "argument \"%s\" must be the text of an identifier or an "
                "object: { \"text\": \"...\" }",
                name);
    g_array_append_val(request->arguments, argument);
}

static bool
name_is_valid(const char *name)
{
    const char *c = name;

    if (!g_ascii_isalpha(*c) && *c != '_')
        return false;
    while (g_ascii_isalnum(*c) || (*c != '\0' && strchr("_.-", *c) != NULL))
        c++;
    return *c == '\0' && c - name <= 64;
}

static void
parse_argument(Parse *self, FulcraDeclaredRequest *request, const char *name,
        JsonNode *node)
{
    JsonArray *list;

    if (!name_is_valid(name)) {
        fulcra_host_problems_add(self->problems, self->document,
                fulcra_host_document_get_key(self->document, node),
                "an argument cannot be named \"%s\"; use letters, digits, "
                "'_', '.', '-'",
                name);
        return;
    }
    if (!JSON_NODE_HOLDS_ARRAY(node)) {
        parse_one(self, request, name, node);
        return;
    }
    list = json_node_get_array(node);
    for (unsigned i = 0; i < json_array_get_length(list); i++)
        parse_one(self, request, name, json_array_get_element(list, i));
}

static void
parse_arguments(Parse *self, FulcraDeclaredRequest *request, JsonNode *node)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    if (node == NULL)
        return;
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        problem(self, node, "\"arguments\" must be an object: { ... }");
        return;
    }
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &value))
        parse_argument(self, request, name, value);
    if (request->arguments->len > MAX_ARGUMENTS)
        problem(self, node, "%u arguments; the limit is %d",
                request->arguments->len, MAX_ARGUMENTS);
}

/* --- the rest --- */

static void
parse_headers(FulcraDeclaredRequest *request, JsonNode *node)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    if (node == NULL)
        return;
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        FulcraDeclaredHeader header = { fulcra_intern(name),
            g_strdup(json_node_get_string(value)) };

        g_array_append_val(request->headers, header);
    }
}

static void
parse_primary(Parse *self, FulcraDeclaredRequest *request, JsonNode *node)
{
    const char *key;

    request->primary = -1;
    if (node == NULL)
        return;
    if (JSON_NODE_HOLDS_VALUE(node) &&
            json_node_get_value_type(node) == G_TYPE_BOOLEAN) {
        request->primary = json_node_get_boolean(node);
        return;
    }
    if (JSON_NODE_HOLDS_OBJECT(node) && only_member(self, node, &key) != NULL &&
            strcmp(key, "slot") != 0 && strcmp(key, "request") != 0)
        request->own_primary = parse_value(self, json_node_get_object(node));
    else
        problem(self, node,
                "\"primary\" must be true, false, { \"text\": \"...\" } or { "
                "\"json\": ... }");
}

static void
parse_verb(FulcraDeclaredRequest *request, JsonObject *object)
{
    const char *text = fulcra_host_json_get_text(object, "verb", NULL);

    request->has_verb = text != NULL;
    for (int i = 0; text != NULL && verbs[i] != NULL; i++)
        if (strcmp(verbs[i], text) == 0)
            request->verb = (FulcraVerb)i;
}

/* What the identifier's scheme implies. */
static void
set_defaults(Parse *self, FulcraDeclaredRequest *request, JsonObject *object)
{
    const char *text = request->identifier.text;

    request->varargs = fulcra_host_json_get_bool(
            object, "varargs", g_str_has_prefix(text, "ws:"));
    request->independent =
            fulcra_host_json_get_bool(object, "no-dependency", false);
    request->automatic = self->names->automatic && !self->refers &&
                         g_str_has_prefix(text, "active:");
}

static void
parse_whole(Parse *self, FulcraDeclaredRequest *request, JsonObject *object)
{
    const char *type = fulcra_host_json_get_text(object, "type", NULL);

    parse_template(self, json_object_get_member(object, "identifier"),
            &request->identifier);
    parse_verb(request, object);
    request->type = type != NULL ? fulcra_intern(type) : NULL;
    parse_arguments(self, request, json_object_get_member(object, "arguments"));
    parse_headers(request, json_object_get_member(object, "headers"));
    parse_primary(self, request, json_object_get_member(object, "primary"));
    set_defaults(self, request, object);
}

/* NULL where anything was reported. */
static FulcraDeclaredRequest *
parse_request(Parse *self, JsonNode *node)
{
    g_autoptr(JsonObject) none = json_object_new();
    g_autoptr(FulcraDeclaredRequest) request = g_new0(FulcraDeclaredRequest, 1);
    size_t before = fulcra_host_problems_count(self->problems);

    request->arguments =
            g_array_new(false, false, sizeof(FulcraDeclaredArgument));
    request->headers = g_array_new(false, false, sizeof(FulcraDeclaredHeader));
    if (is_text(node)) {
        request->primary = -1;
        parse_template(self, node, &request->identifier);
        set_defaults(self, request, none);
    } else {
        parse_whole(self, request, json_node_get_object(node));
    }
    return fulcra_host_problems_count(self->problems) == before
                   ? g_steal_pointer(&request)
                   : NULL;
}

FulcraDeclaredRequest *
fulcra_host_declared_request_parse(FulcraDocument *document,
        FulcraProblems *problems, JsonNode *node,
        const FulcraDeclaredNames *names)
{
    static const FulcraDeclaredNames none;
    Parse self = { document, problems, names != NULL ? names : &none, false };

    g_return_val_if_fail(node != NULL, NULL);

    return parse_request(&self, node);
}

FulcraDeclaredRequest *
fulcra_host_declared_request_new_from_json(
        FulcraEntry *entry, JsonNode *node, const FulcraDeclaredNames *names)
{
    return fulcra_host_declared_request_parse(
            entry->document, entry->problems, node, names);
}
