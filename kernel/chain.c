/* SPDX-License-Identifier: MIT */

/*
 * chain.c - active:chain and active:transrept: f(g(h(x))) as one identifier
 *
 *     active:chain+operand@X+step@active:h+step@active:g+step@text/html
 *
 * asks for `active:g+operand@(active:h+operand@X)` as text/html. Nothing is
 * evaluated here: each step is an ordinary request whose operand is the step
 * before, made when the step dereferences it, kept and shared as any other. A
 * step that is a text names a type, and is the conversion to it.
 */

#include "private/chain.h"
#include "private/identifier.h"
#include "private/request.h"
#include <fulcra/fulcra.h>

/* @base with one more argument, `operand`. (transfer full) (nullable) */
static FulcraIdentifier *
identifier_with_operand(FulcraIdentifier *base, FulcraIdentifier *operand,
        const char *type, GError **error)
{
    FulcraArguments arguments;

    fulcra__arguments_init(&arguments);
    for (unsigned i = 0; i < base->n_arguments; i++) {
        const FulcraArgument *argument = &base->arguments[i];

        if (argument->text != NULL)
            fulcra__arguments_append_text(
                    &arguments, argument->name, g_strdup(argument->text));
        else
            fulcra__arguments_append_identifier(
                    &arguments, argument->name, argument->identifier);
    }
    fulcra__arguments_append_identifier(
            &arguments, fulcra_intern("operand"), operand);
    if (type != NULL)
        fulcra__arguments_append_text(
                &arguments, fulcra_intern("type"), g_strdup(type));

    FulcraIdentifier *self = fulcra__identifier_new(
            base->scheme, base->base, base->base_length, &arguments, error);
    fulcra__arguments_clear(&arguments);
    return self;
}

/* What the step @index makes of @operand. (transfer full) (nullable) */
static FulcraIdentifier *
chain_step(FulcraRequest *request, size_t index, FulcraIdentifier *operand,
        GError **error)
{
    const FulcraArgument *step =
            fulcra__request_get_argument(request, "step", index);
    FulcraIdentifier *next = NULL;

    if (step == NULL)
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "a step is an identifier, or a type to convert to");
    else if (step->text != NULL)
        next = identifier_with_operand(
                FULCRA_ID("active:transrept"), operand, step->text, error);
    else
        next = identifier_with_operand(step->identifier, operand, NULL, error);
    if (next == NULL)
        g_prefix_error(error, "step %zu: ", index + 1);
    return next;
}

static FulcraRepresentation *
chain_source(FulcraRequest *request, GError **error)
{
    size_t n = fulcra_request_get_n_arguments(request, "step");
    FulcraIdentifier *operand =
            fulcra_request_get_argument_identifier(request, "operand");

    if (operand == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "the operand of a chain is an identifier: write a text as "
                "data:text/plain,...");
        return NULL;
    }
    g_autoptr(FulcraIdentifier) made = fulcra_identifier_ref(operand);
    for (size_t i = 0; i < n; i++) {
        FulcraIdentifier *next = chain_step(request, i, made, error);

        fulcra_identifier_unref(made);
        made = next;
        if (made == NULL)
            return NULL;
    }
    FulcraRequest *last = fulcra_request_new(request, FULCRA_VERB_SOURCE, made);
    fulcra_request_set_wanted_type(
            last, fulcra_request_get_wanted_type(request));
    return fulcra_request_pass_on(request, last);
}

const FulcraEndpointOps fulcra__chain_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = chain_source,
};

/* --- active:transrept+operand@X+type@T --- */

static FulcraRepresentation *
transrept_source(FulcraRequest *request, GError **error)
{
    (void)error;
    FulcraRequest *operand = fulcra_request_new(
            request, FULCRA_VERB_SOURCE, FULCRA_ID("arg:operand"));

    fulcra_request_set_wanted_type(
            operand, fulcra_request_get_argument(request, "type"));
    return fulcra_request_pass_on(request, operand);
}

const FulcraEndpointOps fulcra__transrept_ops = {
    .size = sizeof(FulcraEndpointOps),
    .run = FULCRA_RUN_INLINE,
    .source = transrept_source,
};
