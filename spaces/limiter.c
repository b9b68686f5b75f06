/* SPDX-License-Identifier: MIT */

/*
 * limiter.c - where resolution ends
 *
 * What gets as far as a limiter and matches it is unresolved, whatever stands
 * behind it or further out: an export mask, a floor under a sandbox.
 */

#include "spaces/kinds.h"
#include <fulcra-host/grammar.h>

static const FulcraSchemaKey limiter_keys[] = {
    { "grammar", FULCRA_SCHEMA_TEXTS, .required = true,
            .help = "which identifiers are looked for no further" },
    { NULL },
};

static const FulcraSchema limiter_schema = { "limiter", limiter_keys, NULL,
    "Ends the search for an endpoint." };

static void
limit(FulcraEntry *entry, JsonNode *text)
{
    g_autoptr(FulcraGrammar) grammar =
            fulcra_host_entry_get_grammar(entry, text);

    if (grammar != NULL)
        fulcra_host_space_add_limiter(entry->space,
                fulcra_host_grammar_get_text(grammar), entry->visibility, NULL);
}

static void *
limiter_build(FulcraEntry *entry)
{
    JsonNode *grammar = json_object_get_member(entry->definition, "grammar");
    JsonArray *list;

    if (!JSON_NODE_HOLDS_ARRAY(grammar)) {
        limit(entry, grammar);
        return NULL;
    }
    list = json_node_get_array(grammar);
    for (unsigned i = 0; i < json_array_get_length(list); i++)
        limit(entry, json_array_get_element(list, i));
    return NULL;
}

const FulcraKind fulcra_kind_limiter = {
    .size = sizeof(FulcraKind),
    .name = "limiter",
    .schema = &limiter_schema,
    .help = "where resolution ends",
    .build = limiter_build,
};
