/* SPDX-License-Identifier: MIT */

/*
 * overlay_chain.c - named overlays, and which endpoints are behind which
 *
 * One overlay stands in front of the wrapped space. It knows which endpoint a
 * request will reach, and sends it round through the overlays that stand
 * before that one. Requests among the endpoints inside pass none of them.
 */

#include "spaces/kinds.h"
#include <fulcra-host/grammar.h>
#include <fulcra-host/request.h>
#include <fulcra/fulcra.h>

#include <string.h>

/* What stands before the identifiers of a grammar. */
typedef struct {
    FulcraGrammar *grammar;
    GPtrArray *overlays; /* of FulcraEndpoint */
} Target;

typedef struct {
    GPtrArray *names;    /* of char *: of the overlays, in order */
    GPtrArray *overlays; /* of FulcraEndpoint, likewise */
    GHashTable *targets; /* endpoint id to GPtrArray of FulcraEndpoint */
    GArray *by_grammar;  /* of Target, in order: looked at first */
    GPtrArray *usual;    /* of FulcraEndpoint: for those with no target */
} Chain;

static void
release_endpoint(void *endpoint)
{
    fulcra_host_endpoint_unref(endpoint);
}

static void
release_list(void *list)
{
    g_ptr_array_unref(list);
}

static void
target_clear(void *target)
{
    Target *self = target;

    fulcra_host_grammar_unref(self->grammar);
    g_ptr_array_unref(self->overlays);
}

static void
chain_free(void *data)
{
    Chain *self = data;

    g_ptr_array_unref(self->names);
    g_ptr_array_unref(self->overlays);
    g_ptr_array_unref(self->usual);
    g_hash_table_unref(self->targets);
    g_array_unref(self->by_grammar);
    g_free(self);
}

/* NULL where a limit was met before that could be said. */
static const GPtrArray *
chain_find(const Chain *self, FulcraRequest *request)
{
    const char *id = fulcra_host_request_get_target_id(request);
    FulcraIdentifier *identifier = fulcra_request_get_identifier(request);
    const GPtrArray *overlays;
    bool limited = false;

    for (unsigned i = 0; i < self->by_grammar->len && !limited; i++) {
        const Target *target = &g_array_index(self->by_grammar, Target, i);

        if (fulcra_host_grammar_matches(target->grammar, identifier, &limited))
            return target->overlays;
    }
    if (limited)
        return NULL;
    overlays = g_hash_table_lookup(self->targets, id);
    return overlays != NULL ? overlays : self->usual;
}

static FulcraRepresentation *
chain_overlay(FulcraRequest *request, GError **error)
{
    const Chain *self = fulcra_request_get_data(request);
    const GPtrArray *overlays = chain_find(self, request);
    FulcraRequest *inner;

    if (overlays == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a pattern takes too long to match the identifier");
        return NULL;
    }
    inner = fulcra_request_forward(request);
    fulcra_host_request_detour(
            inner, (FulcraEndpoint *const *)overlays->pdata, overlays->len);
    return fulcra_request_pass_on(request, inner);
}

static const FulcraEndpointOps chain_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .overlay = chain_overlay,
    .passes_on = true,
    .destroy = chain_free,
};

/* --- building one from a definition --- */

static const FulcraSchemaKey link_keys[] = {
    { "name", FULCRA_SCHEMA_TEXT, .required = true,
            .help = "as `targets` and `default` spell it" },
    { "overlay", FULCRA_SCHEMA_OVERLAY, .required = true,
            .help = "an overlay, without a `space`" },
    { NULL },
};

static const FulcraSchema link_schema = { "link", link_keys, NULL, NULL };

static const FulcraSchemaKey chain_keys[] = {
    { "chain", FULCRA_SCHEMA_LIST, .required = true, .of = &link_schema,
            .help = "the overlays, outermost first where nothing else is "
                    "said" },
    { "targets", FULCRA_SCHEMA_ANY,
            .help = "an object: id of an endpoint, or a grammar of "
                    "identifiers, "
                    "and the list of the overlays that stand before it, "
                    "outermost first; grammars are looked at first, in order" },
    { "default", FULCRA_SCHEMA_ANY,
            .help = "the list for all other endpoints; the whole chain where "
                    "it is not given" },
    { "space", FULCRA_SCHEMA_ENTRIES, .required = true,
            .help = "the entries that it stands in front of" },
    { NULL },
};

static const FulcraSchema chain_schema = { "overlay chain", chain_keys, NULL,
    "Named overlays, each in front of some of the endpoints." };

static void
build_link(FulcraEntry *entry, JsonObject *link, Chain *chain)
{
    JsonNode *name = json_object_get_member(link, "name");
    const char *text = json_node_get_string(name);
    FulcraEndpoint *overlay = fulcra_host_entry_build_overlay(
            entry, json_object_get_member(link, "overlay"));

    if (g_ptr_array_find_with_equal_func(chain->names, text, g_str_equal, NULL))
        fulcra_host_entry_problem(entry, name,
                "there are two overlays \"%s\"; give one of them another name",
                text);
    if (overlay == NULL)
        return;
    g_ptr_array_add(chain->names, g_strdup(text));
    g_ptr_array_add(chain->overlays, overlay);
}

static void
report_unknown(FulcraEntry *entry, JsonNode *node, const Chain *chain)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *text = json_node_get_string(node);
    const char *nearest;
    g_autofree char *all = NULL;

    g_ptr_array_extend(names, chain->names, NULL, NULL);
    g_ptr_array_add(names, NULL);
    nearest = fulcra_host_nearest(text, (const char *const *)names->pdata);
    all = g_strjoinv(", ", (char **)names->pdata);
    fulcra_host_entry_problem(entry, node, "the chain has no \"%s\"; %s %s",
            text, nearest != NULL ? "did you mean" : "it has",
            nearest != NULL ? nearest : all);
}

static bool
is_text(JsonNode *node)
{
    return JSON_NODE_HOLDS_VALUE(node) &&
           json_node_get_value_type(node) == G_TYPE_STRING;
}

/* The overlay that a name stands for; NULL for none, which is reported. */
static FulcraEndpoint *
select_overlay(FulcraEntry *entry, JsonNode *name, const Chain *chain)
{
    unsigned at;

    if (!is_text(name))
        fulcra_host_entry_problem(
                entry, name, "this must be the name of an overlay: \"...\"");
    else if (g_ptr_array_find_with_equal_func(chain->names,
                     json_node_get_string(name), g_str_equal, &at))
        return chain->overlays->pdata[at];
    else
        report_unknown(entry, name, chain);
    return NULL;
}

/* The overlays that a list names, in its order. */
static GPtrArray *
select_overlays(FulcraEntry *entry, JsonNode *node, const Chain *chain)
{
    GPtrArray *selected = g_ptr_array_new();
    JsonArray *list;

    if (!JSON_NODE_HOLDS_ARRAY(node)) {
        fulcra_host_entry_problem(
                entry, node, "this must be a list of names: [ \"...\" ]");
        return selected;
    }
    list = json_node_get_array(node);
    for (unsigned i = 0; i < json_array_get_length(list); i++) {
        FulcraEndpoint *overlay =
                select_overlay(entry, json_array_get_element(list, i), chain);

        if (overlay != NULL)
            g_ptr_array_add(selected, overlay);
    }
    return selected;
}

static void
build_target(FulcraEntry *entry, const char *key, JsonNode *names, Chain *chain)
{
    g_autoptr(GError) error = NULL;
    Target target;

    if (strchr(key, ':') == NULL) {
        g_hash_table_insert(chain->targets, g_strdup(key),
                select_overlays(entry, names, chain));
        return;
    }
    target.grammar = fulcra_host_grammar_new(key, &error);
    if (target.grammar == NULL) {
        fulcra_host_entry_problem(
                entry, names, "grammar \"%s\": %s", key, error->message);
        return;
    }
    target.overlays = select_overlays(entry, names, chain);
    g_array_append_val(chain->by_grammar, target);
}

static void
build_targets(FulcraEntry *entry, JsonNode *node, Chain *chain)
{
    JsonObjectIter iter;
    const char *key;
    JsonNode *names;

    if (node == NULL)
        return;
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        fulcra_host_entry_problem(
                entry, node, "\"targets\" must be an object: { ... }");
        return;
    }
    json_object_iter_init_ordered(&iter, json_node_get_object(node));
    while (json_object_iter_next_ordered(&iter, &key, &names))
        build_target(entry, key, names, chain);
}

static void *
chain_build(FulcraEntry *entry)
{
    JsonObject *definition = entry->definition;
    JsonArray *links = json_object_get_array_member(definition, "chain");
    JsonNode *usual = json_object_get_member(definition, "default");
    Chain *self = g_new0(Chain, 1);
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("overlays", &chain_ops, self, NULL);

    self->names = g_ptr_array_new_with_free_func(g_free);
    self->overlays = g_ptr_array_new_with_free_func(release_endpoint);
    self->targets = g_hash_table_new_full(
            g_str_hash, g_str_equal, g_free, release_list);
    self->by_grammar = g_array_new(false, false, sizeof(Target));
    g_array_set_clear_func(self->by_grammar, target_clear);
    for (unsigned i = 0; i < json_array_get_length(links); i++)
        build_link(entry, json_array_get_object_element(links, i), self);
    if (usual != NULL) {
        self->usual = select_overlays(entry, usual, self);
    } else {
        self->usual = g_ptr_array_new();
        g_ptr_array_extend(self->usual, self->overlays, NULL, NULL);
    }
    build_targets(entry, json_object_get_member(definition, "targets"), self);
    fulcra_host_entry_add_overlay(
            entry, endpoint, json_object_get_member(definition, "space"));
    return NULL;
}

const FulcraKind fulcra_kind_overlays = {
    .size = sizeof(FulcraKind),
    .name = "overlays",
    .schema = &chain_schema,
    .help = "named overlays, each in front of some of the endpoints",
    .build = chain_build,
};
