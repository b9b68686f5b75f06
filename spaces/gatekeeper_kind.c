/* SPDX-License-Identifier: MIT */

/*
 * gatekeeper_kind.c - from { "gatekeeper": { ... } } to an overlay
 */

#include "spaces/error_handler.h"
#include "spaces/gatekeeper.h"
#include "spaces/kinds.h"

#include <fulcra-host/grammar.h>
#include <fulcra/identifier.h>
#include <string.h>

static const FulcraSchemaKey refuse_keys[] = {
    { "page", FULCRA_SCHEMA_TEXT,
            .help = "where a browser that opens a page is sent, with 303: the "
                    "path of the login page" },
    { "status", FULCRA_SCHEMA_INT, .fallback = "403", .min = 401, .max = 403,
            .help = "what everybody else is told, sockets before they open: "
                    "401 or 403" },
    { NULL },
};

static const FulcraSchema refuse_schema = { "refusal", refuse_keys, NULL,
    "How a gatekeeper refuses." };

static const FulcraSchemaKey rule_keys[] = {
    { "grammar", FULCRA_SCHEMA_TEXTS, .required = true,
            .help = "which identifiers it is about" },
    { "verbs", FULCRA_SCHEMA_TEXTS,
            .help = "which verbs; all where it does not say" },
    { "allow", FULCRA_SCHEMA_ANY, .required = true,
            .help = "true, false, or what decides: a declared request that is "
                    "answered with true or false; it may refer to the slots of "
                    "the grammar, {identifier} and {verb}" },
    { "refuse", FULCRA_SCHEMA_OBJECT, .of = &refuse_schema,
            .help = "how it refuses" },
    { NULL },
};

static const FulcraSchema rule_schema = { "rule", rule_keys, NULL,
    "The first rule that fits a request decides whether it may pass." };

static const char *const otherwises[] = { "allow", "refuse", NULL };

static const FulcraSchemaKey gatekeeper_keys[] = {
    { "rules", FULCRA_SCHEMA_LIST, .required = true, .of = &rule_schema,
            .help = "in order" },
    { "otherwise", FULCRA_SCHEMA_TEXT, .fallback = "refuse",
            .choices = otherwises, .help = "what no rule is about" },
    { "space", FULCRA_SCHEMA_ENTRIES, .required = true,
            .help = "what it guards" },
    { NULL },
};

static const FulcraSchema gatekeeper_schema = { "gatekeeper", gatekeeper_keys,
    NULL, "Decides for each request that goes in whether it may." };

/* --- reading rules --- */

/* Calls @read for the text @node, or for each of the list. */
static void
each_text(FulcraEntry *entry, JsonNode *node, FulcraKeeperRule *rule,
        void (*read)(
                FulcraEntry *entry, JsonNode *text, FulcraKeeperRule *rule))
{
    JsonArray *list;

    if (!JSON_NODE_HOLDS_ARRAY(node)) {
        read(entry, node, rule);
        return;
    }
    list = json_node_get_array(node);
    for (unsigned i = 0; i < json_array_get_length(list); i++)
        read(entry, json_array_get_element(list, i), rule);
}

static bool
has_slot(const FulcraKeeperRule *rule, const char *name)
{
    for (unsigned i = 0; i < rule->slots->len; i++)
        if (g_array_index(rule->slots, FulcraGrammarSlot, i).name == name)
            return true;
    return false;
}

static void
read_grammar(FulcraEntry *entry, JsonNode *text, FulcraKeeperRule *rule)
{
    FulcraGrammar *grammar = fulcra_host_entry_get_grammar(entry, text);
    size_t n = 0;

    if (grammar == NULL)
        return;
    g_ptr_array_add(rule->grammars, grammar);
    g_autofree FulcraGrammarSlot *slots =
            fulcra_host_grammar_list_slots(grammar, &n);
    for (size_t i = 0; i < n; i++)
        if (!has_slot(rule, slots[i].name))
            g_array_append_val(rule->slots, slots[i]);
}

static void
read_verb(FulcraEntry *entry, JsonNode *text, FulcraKeeperRule *rule)
{
    FulcraVerb verb;

    if (fulcra_host_entry_get_verb(entry, text, &verb))
        rule->verbs |= 1u << verb;
}

static bool
holds(JsonNode *node, GType type)
{
    return JSON_NODE_HOLDS_VALUE(node) &&
           json_node_get_value_type(node) == type;
}

/* Whether @node has the form of a declared request; reports why not. */
static bool
check_question(FulcraEntry *entry, JsonNode *node)
{
    if (holds(node, G_TYPE_STRING))
        return true;
    if (JSON_NODE_HOLDS_OBJECT(node))
        return fulcra_host_schema_check(&fulcra_host_declared_request_schema,
                NULL, entry->document, node, entry->problems);
    fulcra_host_entry_problem(entry, node,
            "\"allow\" must be true, false, or what decides: "
            "\"IDENTIFIER\", or { \"identifier\": \"...\", \"verb\": "
            "\"EXISTS\" }");
    return false;
}

static void
read_question(FulcraEntry *entry, JsonNode *node, FulcraKeeperRule *rule)
{
    static const FulcraGrammarSlot always[] = { FULCRA_REQUEST_SLOTS };
    g_autoptr(GArray) slots =
            g_array_new(false, false, sizeof(FulcraGrammarSlot));
    FulcraDeclaredNames names = { .n_slots = 0 };

    rule->decision = FULCRA_KEEPER_ASK;
    if (!check_question(entry, node))
        return;
    g_array_append_vals(slots, rule->slots->data, rule->slots->len);
    g_array_append_vals(slots, always, G_N_ELEMENTS(always));
    names.slots = (FulcraGrammarSlot *)slots->data;
    names.n_slots = slots->len;
    rule->question =
            fulcra_host_declared_request_new_from_json(entry, node, &names);
}

static void
read_allow(FulcraEntry *entry, JsonNode *node, FulcraKeeperRule *rule)
{
    if (holds(node, G_TYPE_BOOLEAN))
        rule->decision = json_node_get_boolean(node) ? FULCRA_KEEPER_ALLOW
                                                     : FULCRA_KEEPER_REFUSE;
    else
        read_question(entry, node, rule);
}

/* A path of this server: it becomes a header. */
static bool
is_page(const char *text)
{
    bool fine = text[0] == '/' && text[1] != '/';

    for (const char *c = text; *c != '\0'; c++)
        fine = fine && *c > ' ' && *c < 0x7f && *c != '\\';
    return fine;
}

static void
read_refuse(FulcraEntry *entry, JsonObject *refuse, FulcraKeeperRule *rule)
{
    const char *page = fulcra_host_json_get_text(refuse, "page", NULL);

    rule->status = (unsigned)fulcra_host_json_get_int(refuse, "status", 403);
    rule->page = g_strdup(page);
    if (page != NULL && !is_page(page))
        fulcra_host_entry_problem(entry, json_object_get_member(refuse, "page"),
                "\"%s\" is not the path of a page here; it must begin with one "
                "\"/\", and what is not ASCII is written %%XX",
                page);
    if (rule->status == 402)
        fulcra_host_entry_problem(entry,
                json_object_get_member(refuse, "status"),
                "\"status\" is 402; it must be 401 or 403");
}

static void
grammar_unref(void *grammar)
{
    fulcra_host_grammar_unref(grammar);
}

static FulcraKeeperRule *
read_rule(FulcraEntry *entry, JsonObject *object)
{
    FulcraKeeperRule *rule = g_new0(FulcraKeeperRule, 1);
    JsonNode *verbs = json_object_get_member(object, "verbs");

    rule->grammars = g_ptr_array_new_with_free_func(grammar_unref);
    rule->slots = g_array_new(false, false, sizeof(FulcraGrammarSlot));
    rule->status = 403;
    each_text(entry, json_object_get_member(object, "grammar"), rule,
            read_grammar);
    if (verbs != NULL)
        each_text(entry, verbs, rule, read_verb);
    else
        rule->verbs = FULCRA_VERBS_ALL;
    read_allow(entry, json_object_get_member(object, "allow"), rule);
    if (json_object_has_member(object, "refuse"))
        read_refuse(
                entry, json_object_get_object_member(object, "refuse"), rule);
    return rule;
}

/* --- building --- */

static void *
gatekeeper_build(FulcraEntry *entry)
{
    JsonObject *definition = entry->definition;
    JsonArray *rules = json_object_get_array_member(definition, "rules");
    FulcraGatekeeper *self = fulcra__gatekeeper_new();
    g_autoptr(FulcraEndpoint) endpoint = fulcra_host_endpoint_new(
            "gatekeeper", &fulcra__gatekeeper_ops, self, NULL);

    for (unsigned i = 0; i < json_array_get_length(rules); i++)
        g_ptr_array_add(self->rules,
                read_rule(entry, json_array_get_object_element(rules, i)));
    self->otherwise =
            strcmp(fulcra_host_json_get_text(definition, "otherwise", "refuse"),
                    "allow") == 0;
    self->wrapped = fulcra_host_entry_build_space(
            entry, json_object_get_member(definition, "space"));
    fulcra_host_endpoint_set_module(endpoint, entry->module_uri);
    fulcra_host_space_add_overlay(
            entry->space, endpoint, self->wrapped, entry->visibility);
    return NULL;
}

const FulcraKind fulcra_kind_gatekeeper = {
    .size = sizeof(FulcraKind),
    .name = "gatekeeper",
    .schema = &gatekeeper_schema,
    .help = "rules of who may pass, whatever the verb",
    .build = gatekeeper_build,
};
