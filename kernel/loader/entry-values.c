/* SPDX-License-Identifier: MIT */
/*
 * entry-values.c - what kinds use to read the values of their entries
 *
 * Each reports what is wrong with a value where it stands.
 */

#include "generation.h"

#include <fulcra-host/grammar.h>
#include <fulcra-host/identifier.h>

#include <string.h>

static FulcraPosition
entry_position(FulcraEntry *self, JsonNode *node)
{
    return fulcra_host_document_get_value(
            self->document, node != NULL ? node : self->node);
}

void
fulcra_host_entry_problem(
        FulcraEntry *self, JsonNode *node, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fulcra_host_problems_addv(self->problems, self->document,
            entry_position(self, node), format, arguments);
    va_end(arguments);
}

FulcraGrammar *
fulcra_host_entry_get_grammar(FulcraEntry *self, JsonNode *text)
{
    g_autoptr(GError) error = NULL;
    FulcraGrammar *grammar =
            fulcra_host_grammar_new(json_node_get_string(text), &error);

    if (grammar == NULL)
        fulcra_host_problems_add_syntax(
                self->problems, self->document, text, "grammar", error);
    return grammar;
}

static bool
bind_one(FulcraEntry *self, JsonNode *grammar, FulcraVerbs verbs,
        FulcraEndpoint *endpoint)
{
    g_autoptr(FulcraGrammar) compiled =
            fulcra_host_entry_get_grammar(self, grammar);

    return compiled != NULL &&
           (endpoint == NULL ||
                   fulcra_host_space_bind(self->space,
                           fulcra_host_grammar_get_text(compiled), verbs,
                           self->visibility, endpoint, NULL));
}

bool
fulcra__entry_bind_all(FulcraEntry *self, JsonNode *grammar, FulcraVerbs verbs,
        FulcraEndpoint *endpoint)
{
    JsonArray *list;
    bool fine = true;

    if (!JSON_NODE_HOLDS_ARRAY(grammar))
        return bind_one(self, grammar, verbs, endpoint);
    list = json_node_get_array(grammar);
    for (unsigned i = 0; i < json_array_get_length(list); i++)
        fine = bind_one(self, json_array_get_element(list, i), verbs,
                       endpoint) &&
               fine;
    return fine;
}

bool
fulcra_host_entry_bind(FulcraEntry *self, JsonNode *grammar, FulcraVerbs verbs,
        FulcraEndpoint *endpoint)
{
    g_return_val_if_fail(self != NULL && endpoint != NULL, false);

    if (grammar == NULL) {
        fulcra_host_entry_problem(self, NULL,
                "this entry has no \"grammar\"; add \"grammar\": \"...\"");
        return false;
    }
    fulcra_host_endpoint_set_module(endpoint, self->module_uri);
    return fulcra__entry_bind_all(self, grammar, verbs, endpoint);
}

FulcraIdentifier *
fulcra_host_entry_get_identifier(FulcraEntry *self, JsonNode *text)
{
    g_autoptr(GError) error = NULL;
    FulcraIdentifier *identifier =
            fulcra_host_identifier_parse(json_node_get_string(text), &error);

    if (identifier == NULL)
        fulcra_host_problems_add_syntax(
                self->problems, self->document, text, "identifier", error);
    return identifier;
}

static bool
verb_parse(const char *text, FulcraVerb *verb)
{
    for (int i = 0; i < FULCRA_N_VERBS; i++)
        if (strcmp(fulcra_verb_to_string((FulcraVerb)i), text) == 0) {
            *verb = (FulcraVerb)i;
            return true;
        }
    return false;
}

bool
fulcra_host_entry_get_verb(FulcraEntry *self, JsonNode *text, FulcraVerb *verb)
{
    if (verb_parse(json_node_get_string(text), verb))
        return true;
    fulcra_host_entry_problem(self, text,
            "\"%s\" is not a verb; it must be SOURCE, SINK, NEW, DELETE, "
            "EXISTS or META",
            json_node_get_string(text));
    return false;
}
