/* SPDX-License-Identifier: MIT */

/*
 * chain.c - chains that a definition declares: f(g(h(x))) under a grammar
 *
 * The chain itself is an endpoint that asks for its last step; what it answers
 * is kept as that of any other, and so is what each step does.
 */

#include "spaces/kinds.h"
#include "spaces/mapper_map.h"
#include <fulcra-host/chain.h>
#include <fulcra/fulcra.h>

typedef struct {
    char *name;                     /* (nullable) */
    FulcraDeclaredRequest *request; /* (nullable): then it is a type */
    char *type;
} Step;

typedef struct {
    FulcraSpace *wrapped; /* (nullable): where all is resolved first */
    FulcraDeclaredRequest *operand;
    GArray *steps; /* of Step */
} Chain;

static void
step_clear(void *step)
{
    Step *self = step;

    g_free(self->name);
    g_free(self->type);
    fulcra_host_declared_request_free(self->request);
}

static void
chain_free(void *data)
{
    Chain *self = data;

    fulcra_host_space_unref(self->wrapped);
    fulcra_host_declared_request_free(self->operand);
    g_array_unref(self->steps);
    g_free(self);
}

/* --- answering --- */

/* (transfer full) (nullable) */
static FulcraRequest *
step_make(const Step *self, FulcraRequest *request,
        const FulcraDeclaredUse *use, GError **error)
{
    FulcraRequest *made;

    if (self->request != NULL)
        return fulcra_host_declared_request_instantiate(
                self->request, request, use, error);
    made = fulcra_host_request_new_conversion(request, self->type);
    if (use->spaces[0] != NULL)
        fulcra_host_request_enter(made, use->spaces[0]);
    return made;
}

/* The steps that could be made, and then no more. */
static unsigned
chain_make(const Chain *self, FulcraRequest *request, FulcraChainStep *steps,
        const FulcraDeclaredUse *use, GError **error)
{
    unsigned i = 0;

    for (; i < self->steps->len; i++) {
        const Step *step = &g_array_index(self->steps, Step, i);

        steps[i].name = step->name;
        steps[i].request = step_make(step, request, use, error);
        if (steps[i].request != NULL)
            continue;
        if (step->name != NULL)
            g_prefix_error(error, "step '%s': ", step->name);
        else
            g_prefix_error(error, "step %u: ", i + 1);
        break;
    }
    return i;
}

static FulcraRepresentation *
chain_source(FulcraRequest *request, GError **error)
{
    const Chain *self = fulcra_request_get_data(request);
    FulcraDeclaredUse use = { .spaces = { self->wrapped, NULL } };
    g_autofree FulcraChainStep *steps =
            g_new0(FulcraChainStep, self->steps->len);
    FulcraRequest *operand = fulcra_host_declared_request_instantiate(
            self->operand, request, &use, error);
    unsigned n =
            operand == NULL ? 0 : chain_make(self, request, steps, &use, error);

    if (operand != NULL && n == self->steps->len) {
        fulcra_host_request_relay(request);
        return fulcra_host_request_chain(request, operand, steps, n, error);
    }
    while (n > 0)
        fulcra_request_unref(steps[--n].request);
    fulcra_request_unref(operand);
    return NULL;
}

static const FulcraEndpointOps chain_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = chain_source,
    .destroy = chain_free,
};

/* --- building one from a definition --- */

static const FulcraSchemaKey step_keys[] = {
    { "name", FULCRA_SCHEMA_TEXT,
            .help = "with which errors name it; its number where it has none" },
    { "request", FULCRA_SCHEMA_TEXT_OR_OBJECT,
            .of = &fulcra_host_declared_request_schema,
            .help = "what is asked; the step before is its argument "
                    "`operand`, evaluated when it asks for that" },
    { "type", FULCRA_SCHEMA_TEXT,
            .help = "or the type to which the step before is converted" },
    { NULL },
};

static const FulcraSchema step_schema = { "step", step_keys, NULL, NULL };

static const FulcraSchemaKey chain_keys[] = {
    { "grammar", FULCRA_SCHEMA_TEXTS, .required = true,
            .help = "the identifiers that it answers for" },
    { "operand", FULCRA_SCHEMA_TEXT_OR_OBJECT, .required = true,
            .of = &fulcra_host_declared_request_schema,
            .help = "what the first step is given; slots are those of the "
                    "grammar, here and in the steps" },
    { "steps", FULCRA_SCHEMA_LIST, .required = true, .of = &step_schema,
            .help = "in the order in which they are evaluated" },
    { "space", FULCRA_SCHEMA_ENTRIES,
            .help = "where operand and steps are resolved first; reached "
                    "through the chain alone" },
    { NULL },
};

static const FulcraSchema chain_schema = { "chain", chain_keys, NULL,
    "Answers SOURCE by steps: the last one, of the one before, and so on." };

static void
build_step(FulcraEntry *entry, Chain *chain, const GPtrArray *grammars,
        JsonNode *node)
{
    JsonObject *object = json_node_get_object(node);
    JsonNode *request = json_object_get_member(object, "request");
    JsonNode *type = json_object_get_member(object, "type");
    Step step = {
        .name = g_strdup(fulcra_host_json_get_text(object, "name", NULL)),
        .type = g_strdup(fulcra_host_json_get_text(object, "type", NULL)),
    };

    if ((request == NULL) == (type == NULL))
        fulcra_host_entry_problem(entry, node,
                "a step has either a \"request\" or a \"type\": say what it "
                "does");
    else if (request != NULL)
        step.request = fulcra__grammars_parse_request(
                grammars, entry->document, entry->problems, request);
    g_array_append_val(chain->steps, step);
}

static void
build_requests(FulcraEntry *entry, Chain *chain, const GPtrArray *grammars)
{
    JsonArray *steps = json_object_get_array_member(entry->definition, "steps");

    chain->operand = fulcra__grammars_parse_request(grammars, entry->document,
            entry->problems,
            json_object_get_member(entry->definition, "operand"));
    for (unsigned i = 0; i < json_array_get_length(steps); i++)
        build_step(entry, chain, grammars, json_array_get_element(steps, i));
}

static void *
chain_build(FulcraEntry *entry)
{
    JsonNode *grammar = json_object_get_member(entry->definition, "grammar");
    JsonNode *space = json_object_get_member(entry->definition, "space");
    size_t before = fulcra_host_problems_count(entry->problems);
    g_autoptr(GPtrArray) grammars =
            fulcra__grammars_parse(entry->document, entry->problems, grammar);
    Chain *self = g_new0(Chain, 1);
    g_autoptr(FulcraEndpoint) endpoint =
            fulcra_host_endpoint_new("chain", &chain_ops, self, NULL);

    self->steps = g_array_new(false, false, sizeof(Step));
    g_array_set_clear_func(self->steps, step_clear);
    if (space != NULL)
        self->wrapped = fulcra_host_entry_build_space(entry, space);
    if (fulcra_host_problems_count(entry->problems) != before)
        return NULL;
    build_requests(entry, self, grammars);
    fulcra_host_entry_bind(entry, grammar, FULCRA_VERBS_ALL, endpoint);
    return NULL;
}

const FulcraKind fulcra_kind_chain = {
    .size = sizeof(FulcraKind),
    .name = "chain",
    .schema = &chain_schema,
    .help = "a resource made in steps",
    .build = chain_build,
};
