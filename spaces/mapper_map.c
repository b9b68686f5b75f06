/* SPDX-License-Identifier: MIT */

/*
 * mapper_map.c - see mapper_map.h
 *
 * Immutable once made: a map that is replaced lives on until
 * the last request that uses it was answered.
 */

#include "spaces/mapper_map.h"
#include <fulcra/fulcra.h>

#include <string.h>

static const char *const verbs[] = { "SOURCE", "SINK", "NEW", "DELETE",
    "EXISTS", "META", NULL };

static const FulcraSchemaKey item_keys[] = {
    { "grammar", FULCRA_SCHEMA_TEXTS, .required = true,
            .help = "which identifiers" },
    { "verbs", FULCRA_SCHEMA_TEXTS, .choices = verbs,
            .help = "which verbs; all where none is named" },
    { "request", FULCRA_SCHEMA_TEXT_OR_OBJECT, .required = true,
            .of = &fulcra_host_declared_request_schema,
            .help = "what is asked for instead; its slots are those of the "
                    "grammar" },
    { "headers", FULCRA_SCHEMA_MAP, .help = "headers that the answer gets" },
    { "protected", FULCRA_SCHEMA_BOOL, .fallback = "false",
            .help = "answers only what is asked from inside the mapper's own "
                    "space" },
    { "private", FULCRA_SCHEMA_BOOL, .fallback = "false",
            .help = "not seen by who imports this space" },
    { NULL },
};

const FulcraSchema fulcra__map_item_schema = { "map entry", item_keys, NULL,
    NULL };

/* --- entries --- */

static void
release_grammar(void *grammar)
{
    fulcra_host_grammar_unref(grammar);
}

void
fulcra__map_item_free(FulcraMapItem *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->grammars);
    g_ptr_array_unref(self->headers);
    fulcra_host_declared_request_free(self->request);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraMapItem, fulcra__map_item_free)

static void
parse_grammar(GPtrArray *grammars, FulcraDocument *document,
        FulcraProblems *problems, JsonNode *text)
{
    g_autoptr(GError) error = NULL;
    FulcraGrammar *grammar =
            fulcra_host_grammar_new(json_node_get_string(text), &error);

    if (grammar != NULL)
        g_ptr_array_add(grammars, grammar);
    else
        fulcra_host_problems_add_syntax(
                problems, document, text, "grammar", error);
}

static FulcraVerbs
verb_bit(const char *text)
{
    unsigned i = 0;

    while (strcmp(verbs[i], text) != 0)
        i++;
    return 1u << i;
}

static FulcraVerbs
parse_verbs(JsonNode *node)
{
    FulcraVerbs set = 0;
    JsonArray *list;

    if (node == NULL)
        return FULCRA_VERBS_ALL;
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return verb_bit(json_node_get_string(node));
    list = json_node_get_array(node);
    for (unsigned i = 0; i < json_array_get_length(list); i++)
        set |= verb_bit(json_array_get_string_element(list, i));
    return set;
}

static void
parse_headers(FulcraMapItem *self, JsonNode *node)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;

    if (node == NULL)
        return;
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        g_ptr_array_add(self->headers, g_strdup(name));
        g_ptr_array_add(self->headers, g_strdup(json_node_get_string(value)));
    }
}

GPtrArray *
fulcra__grammars_parse(
        FulcraDocument *document, FulcraProblems *problems, JsonNode *node)
{
    GPtrArray *self = g_ptr_array_new_with_free_func(release_grammar);
    JsonArray *list;

    if (!JSON_NODE_HOLDS_ARRAY(node)) {
        parse_grammar(self, document, problems, node);
        return self;
    }
    list = json_node_get_array(node);
    for (unsigned i = 0; i < json_array_get_length(list); i++)
        parse_grammar(
                self, document, problems, json_array_get_element(list, i));
    return self;
}

GArray *
fulcra__grammars_list_slots(const GPtrArray *self, bool *more)
{
    GArray *slots = g_array_new(false, false, sizeof(FulcraGrammarSlot));

    *more = false;
    for (unsigned i = 0; i < self->len; i++) {
        size_t n;
        g_autofree FulcraGrammarSlot *some =
                fulcra_host_grammar_list_slots(self->pdata[i], &n);

        g_array_append_vals(slots, some, (unsigned)n);
        *more |= fulcra_host_grammar_takes_more(self->pdata[i]);
    }
    return slots;
}

static bool
has_slot(const GArray *slots, const char *name)
{
    for (unsigned i = 0; i < slots->len; i++)
        if (g_array_index(slots, FulcraGrammarSlot, i).name == name)
            return true;
    return false;
}

static bool
is_of_ws(const GPtrArray *grammars)
{
    for (unsigned i = 0; i < grammars->len; i++)
        if (fulcra_host_grammar_get_scheme(grammars->pdata[i]) ==
                fulcra_intern("ws"))
            return true;
    return false;
}

void
fulcra__grammars_add_transport_slots(const GPtrArray *self, GArray *slots)
{
    static const char *const names[] = { "socketid", "status", "reason" };

    if (!is_of_ws(self))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        FulcraGrammarSlot slot = {
            .name = fulcra_intern(names[i]), .argument = true, .optional = true
        };

        if (!has_slot(slots, slot.name))
            g_array_append_val(slots, slot);
    }
}

FulcraDeclaredRequest *
fulcra__grammars_parse_request(const GPtrArray *self, FulcraDocument *document,
        FulcraProblems *problems, JsonNode *node)
{
    FulcraDeclaredNames names = { .more = false };
    g_autoptr(GArray) slots = fulcra__grammars_list_slots(self, &names.more);

    fulcra__grammars_add_transport_slots(self, slots);
    names.slots = (FulcraGrammarSlot *)slots->data;
    names.n_slots = slots->len;
    return fulcra_host_declared_request_parse(document, problems, node, &names);
}

FulcraMapItem *
fulcra__map_item_parse(
        FulcraDocument *document, FulcraProblems *problems, JsonNode *node)
{
    g_autoptr(FulcraMapItem) self = g_new0(FulcraMapItem, 1);
    JsonObject *object = json_node_get_object(node);
    size_t before = fulcra_host_problems_count(problems);

    self->headers = g_ptr_array_new_with_free_func(g_free);
    self->grammar = json_object_get_member(object, "grammar");
    self->grammars = fulcra__grammars_parse(document, problems, self->grammar);
    self->verbs = parse_verbs(json_object_get_member(object, "verbs"));
    self->is_protected = fulcra_host_json_get_bool(object, "protected", false);
    self->is_private = fulcra_host_json_get_bool(object, "private", false);
    parse_headers(self, json_object_get_member(object, "headers"));
    if (fulcra_host_problems_count(problems) == before)
        self->request = fulcra__grammars_parse_request(self->grammars, document,
                problems, json_object_get_member(object, "request"));
    return fulcra_host_problems_count(problems) == before
                   ? g_steal_pointer(&self)
                   : NULL;
}

/* --- maps read from resources --- */

static const FulcraSchemaKey map_keys[] = {
    { "map", FULCRA_SCHEMA_LIST, .required = true,
            .of = &fulcra__map_item_schema, .help = "its entries" },
    { NULL },
};

static const FulcraSchema map_schema = { "map", map_keys, NULL, NULL };

static void
release_item(void *item)
{
    fulcra__map_item_free(item);
}

FulcraMap *
fulcra__map_ref(FulcraMap *self)
{
    fulcra_refs_take(&self->refs);
    return self;
}

void
fulcra__map_unref(FulcraMap *self)
{
    if (self == NULL || !fulcra_refs_drop(&self->refs))
        return;
    fulcra_representation_unref(self->source);
    g_ptr_array_unref(self->items);
    g_free(self);
}

static FulcraDocument *
open_document(const char *name, FulcraRepresentation *source, GError **error)
{
    size_t length;
    const char *text = fulcra_representation_get_bytes(source, &length);

    if (fulcra_representation_is_from_outside(source)) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN,
                "%s came from outside: it cannot say what a mapper does", name);
        return NULL;
    }
    if (text == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE,
                "%s is of type '%s'; a map must be the text of JSON", name,
                fulcra_representation_get_type(source));
        return NULL;
    }
    return fulcra_host_document_new(name, text, length, error);
}

static void
read_items(FulcraMap *self, FulcraDocument *document, FulcraProblems *problems)
{
    JsonNode *root = fulcra_host_document_get_root(document);
    JsonArray *list;

    if (!fulcra_host_schema_check(&map_schema, NULL, document, root, problems))
        return;
    list = json_object_get_array_member(json_node_get_object(root), "map");
    for (unsigned i = 0; i < json_array_get_length(list); i++) {
        FulcraMapItem *item = fulcra__map_item_parse(
                document, problems, json_array_get_element(list, i));

        if (item != NULL)
            g_ptr_array_add(self->items, item);
    }
}

FulcraMap *
fulcra__map_new(const char *name, FulcraRepresentation *source, GError **error)
{
    g_autoptr(FulcraDocument) document = open_document(name, source, error);
    g_autoptr(FulcraProblems) problems = NULL;
    FulcraMap *self;

    if (document == NULL)
        return NULL;
    problems = fulcra_host_problems_new();
    self = g_new0(FulcraMap, 1);
    fulcra_refs_init(&self->refs);
    self->source = fulcra_representation_ref(source);
    self->items = g_ptr_array_new_with_free_func(release_item);
    read_items(self, document, problems);
    if (!fulcra_host_problems_none(problems, error))
        g_clear_pointer(&self, fulcra__map_unref);
    return self;
}

static bool
item_matches(const FulcraMapItem *self, FulcraRequest *request, GString *trace)
{
    FulcraVerb verb = fulcra_request_get_verb(request);
    bool answers = (self->verbs >> verb & 1u) != 0 && !self->is_protected;

    for (unsigned i = 0; i < self->grammars->len; i++) {
        const FulcraGrammar *grammar = self->grammars->pdata[i];
        const char *reason = self->is_protected ? "protected" : "other verbs";

        if (answers && fulcra_host_request_match(request, grammar, &reason))
            return true;
        g_string_append_printf(trace, "\n  %s: %s",
                fulcra_host_grammar_get_text(grammar), reason);
    }
    return false;
}

const FulcraMapItem *
fulcra__map_find(FulcraMap *self, const char *name, FulcraRequest *request,
        GError **error)
{
    g_autoptr(GString) trace = g_string_new(NULL);
    GError *unresolved;

    g_string_append_printf(trace, "map %s", name);
    for (unsigned i = 0; i < self->items->len; i++)
        if (item_matches(self->items->pdata[i], request, trace))
            return self->items->pdata[i];
    unresolved = g_error_new(FULCRA_ERROR, FULCRA_ERROR_UNRESOLVED,
            "the map %s has nothing for %s %s", name,
            fulcra_verb_to_string(fulcra_request_get_verb(request)),
            fulcra_identifier_get_text(fulcra_request_get_identifier(request)));
    fulcra_host_error_set_trace(unresolved, trace->str);
    g_propagate_error(error, unresolved);
    return NULL;
}
