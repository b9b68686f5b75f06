/* SPDX-License-Identifier: MIT */

/*
 * gatekeeper_kind.c - from { "gatekeeper": { ... } } to an overlay
 */

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

static const FulcraSchemaKey question_keys[] = {
    { "identifier", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "what is asked for" },
    { "verb", FULCRA_SCHEMA_TEXT, .fallback = "SOURCE",
            .help = "what is asked of it" },
    { NULL },
};

static const FulcraSchema question_schema = { "question", question_keys, NULL,
    "A resource that decides." };

static const FulcraSchemaKey rule_keys[] = {
    { "grammar", FULCRA_SCHEMA_TEXTS, .required = true,
            .help = "which identifiers it is about" },
    { "verbs", FULCRA_SCHEMA_TEXTS,
            .help = "which verbs; all where it does not say" },
    { "allow", FULCRA_SCHEMA_ANY, .required = true,
            .help = "true, false, or what decides: a resource that answers "
                    "true or false, as a text or as an object with "
                    "`identifier` and `verb`" },
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

static void
read_grammar(FulcraEntry *entry, JsonNode *text, FulcraKeeperRule *rule)
{
    g_autoptr(GError) error = NULL;
    FulcraGrammar *grammar =
            fulcra_host_grammar_new(json_node_get_string(text), &error);

    if (grammar != NULL)
        g_ptr_array_add(rule->grammars, grammar);
    else
        fulcra_host_entry_problem(entry, text, "grammar \"%s\": %s",
                json_node_get_string(text), error->message);
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

/* Reports what is wrong with the object @node itself. */
static bool
check_question(FulcraEntry *entry, JsonNode *node)
{
    if (JSON_NODE_HOLDS_OBJECT(node))
        return fulcra_host_schema_check(
                &question_schema, NULL, entry->document, node, entry->problems);
    fulcra_host_entry_problem(entry, node,
            "\"allow\" must be true, false, or what decides: "
            "\"IDENTIFIER\", or { \"identifier\": \"...\", \"verb\": "
            "\"EXISTS\" }");
    return false;
}

static void
read_question(FulcraEntry *entry, JsonNode *node, FulcraKeeperRule *rule)
{
    JsonNode *identifier = node, *verb = NULL;

    rule->decision = FULCRA_KEEPER_ASK;
    if (!holds(node, G_TYPE_STRING)) {
        if (!check_question(entry, node))
            return;
        identifier = json_object_get_member(
                json_node_get_object(node), "identifier");
        verb = json_object_get_member(json_node_get_object(node), "verb");
    }
    rule->verb = FULCRA_VERB_SOURCE;
    rule->identifier = fulcra_host_entry_get_identifier(entry, identifier);
    if (verb != NULL)
        fulcra_host_entry_get_verb(entry, verb, &rule->verb);
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
