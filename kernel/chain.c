/* SPDX-License-Identifier: MIT */

/*
 * chain.c - f(g(h(x))): chains of definitions, active:chain, active:transrept
 *
 *     active:chain+operand@X+step@active:h+step@active:g+step@text/html
 *
 * asks for `active:g+operand@(active:h+operand@X)` as text/html. Nothing is
 * evaluated here: each step is an ordinary request whose operand is the step
 * before, made when the step dereferences it, kept and shared as any other. A
 * step that is a text names a type, and is the conversion to it.
 *
 * A step that its identifier does not say as a whole is passed to the next one
 * as a request, and so is all that is made of it.
 */

#include "private/chain.h"
#include "private/identifier.h"
#include "private/kernel.h"
#include "private/request.h"
#include <fulcra-host/chain.h>
#include <fulcra/fulcra.h>
#include <string.h>

/* --- running a chain --- */

typedef struct {
    char *name; /* (nullable) */
    FulcraIdentifier *identifier;
} Step;

typedef struct {
    FulcraRequest *request; /* its deferral holds it */
    size_t n_steps;
    Step steps[];
} Chain;

static void
chain_free(Chain *self)
{
    for (size_t i = 0; i < self->n_steps; i++) {
        g_free(self->steps[i].name);
        fulcra_identifier_unref(self->steps[i].identifier);
    }
    g_free(self);
}

/* Whether @line, of a stack of requests, is about @identifier. */
static bool
line_is_about(const char *line, FulcraIdentifier *identifier)
{
    const char *text = fulcra_identifier_get_text(identifier);
    size_t length = strlen(text);

    if (!g_str_has_prefix(line, "SOURCE ") ||
            strncmp(line += strlen("SOURCE "), text, length) != 0)
        return false;
    line += length;
    return *line == '\0' || g_str_has_prefix(line, " at '");
}

static size_t
count_lines(char **lines, FulcraIdentifier *identifier)
{
    size_t n = 0;

    for (; *lines != NULL; lines++)
        n += line_is_about(*lines, identifier);
    return n;
}

/* The innermost step that the error came through. Where several ask the same,
 * as many lines as there are tell of the outermost of them. (nullable) */
static const Step *
chain_find_culprit(const Chain *self, const GError *error)
{
    const char *stack = fulcra_error_get_stack(error);
    g_auto(GStrv) lines = g_strsplit(stack != NULL ? stack : "", "\n", -1);

    for (size_t i = 0; i < self->n_steps; i++) {
        size_t n = count_lines(lines, self->steps[i].identifier);
        size_t same = 0;

        for (size_t j = i; j < self->n_steps; j++)
            same += fulcra_identifier_equal(
                    self->steps[j].identifier, self->steps[i].identifier);
        if (n >= same)
            return &self->steps[i];
    }
    return NULL;
}

static GError *
chain_describe(const Chain *self, const GError *error)
{
    const Step *step = chain_find_culprit(self, error);
    GError *described = g_error_copy(error);

    if (step != NULL && step->name != NULL)
        g_prefix_error(&described, "step '%s': ", step->name);
    else if (step != NULL)
        g_prefix_error(
                &described, "step %zu: ", (size_t)(step - self->steps) + 1);
    return described;
}

static void
chain_answered(FulcraRequest *last, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    Chain *self = user_data;

    (void)last;
    if (error != NULL)
        fulcra_request_fail(self->request, chain_describe(self, error));
    else
        fulcra_request_respond(
                self->request, fulcra_representation_ref(answer));
    chain_free(self);
}

/* --- putting one together --- */

/* Whether @self is said by its identifier, for who asks in @places. */
static bool
request_is_plain(FulcraRequest *self, const FulcraPlaces *places)
{
    return self->verb == FULCRA_VERB_SOURCE && self->references == NULL &&
           self->passed == NULL && self->primary == NULL &&
           self->headers == NULL && self->wanted == NULL &&
           !self->independent && fulcra__request_get_places(self) == places &&
           fulcra__identifier_scheme(self->identifier) !=
                   self->root->kernel->scheme_arg;
}

/* @base with one more argument, `operand`. (transfer full) (nullable) */
static FulcraIdentifier *
identifier_with_operand(
        FulcraIdentifier *base, FulcraIdentifier *operand, GError **error)
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

    FulcraIdentifier *self =
            fulcra__identifier_new(fulcra__identifier_scheme(base), base->base,
                    base->base_length, &arguments, error);
    fulcra__arguments_clear(&arguments);
    return self;
}

static bool
step_take_operand(FulcraRequest *step, FulcraRequest *operand, GError **error)
{
    FulcraIdentifier *whole;

    if (!request_is_plain(operand, fulcra__request_get_places(step))) {
        fulcra_request_add_request(step, "operand", operand);
        return true;
    }
    whole = identifier_with_operand(
            step->identifier, operand->identifier, error);
    if (whole == NULL)
        return false;
    fulcra_identifier_unref(step->identifier);
    step->identifier = whole;
    return true;
}

static bool
steps_link(FulcraRequest *operand, const FulcraChainStep *steps, size_t n,
        GError **error)
{
    for (size_t i = 0; i < n; i++) {
        if (!step_take_operand(steps[i].request, operand, error)) {
            if (steps[i].name != NULL)
                g_prefix_error(error, "step '%s': ", steps[i].name);
            else
                g_prefix_error(error, "step %zu: ", i + 1);
            return false;
        }
        operand = steps[i].request;
    }
    return true;
}

static Chain *
chain_new(FulcraRequest *request, const FulcraChainStep *steps, size_t n)
{
    Chain *self = g_malloc(sizeof *self + n * sizeof self->steps[0]);

    self->request = request;
    self->n_steps = n;
    for (size_t i = 0; i < n; i++)
        self->steps[i] = (Step){ g_strdup(steps[i].name),
            fulcra_identifier_ref(steps[i].request->identifier) };
    return self;
}

FulcraRepresentation *
fulcra_host_request_chain(FulcraRequest *self, FulcraRequest *operand,
        const FulcraChainStep *steps, size_t n_steps, GError **error)
{
    FulcraRequest *last = n_steps > 0 ? steps[n_steps - 1].request : operand;
    FulcraRepresentation *deferred = NULL;

    if (steps_link(operand, steps, n_steps, error)) {
        if (last->wanted == NULL)
            last->wanted = self->wanted;
        deferred = fulcra_request_defer(self);
        fulcra_request_issue_async(
                last, chain_answered, chain_new(self, steps, n_steps));
    }
    for (size_t i = 0; i < n_steps; i++)
        fulcra_request_unref(steps[i].request);
    fulcra_request_unref(operand);
    return deferred;
}

FulcraRequest *
fulcra_host_request_new_conversion(FulcraRequest *parent, const char *type)
{
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_with_text_argument(
                    FULCRA_ID("active:transrept"), fulcra_intern("type"), type);

    return fulcra_request_new(parent, FULCRA_VERB_SOURCE, identifier);
}

/* --- active:chain --- */

/* (nullable) (transfer full) */
static FulcraRequest *
step_new(FulcraRequest *request, size_t index, GError **error)
{
    const FulcraArgument *step =
            fulcra__request_get_argument(request, "step", index);

    if (step != NULL && step->text != NULL)
        return fulcra_host_request_new_conversion(request, step->text);
    if (step != NULL)
        return fulcra_request_new(
                request, FULCRA_VERB_SOURCE, step->identifier);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "step %zu: a step is an identifier, or a type to convert to",
            index + 1);
    return NULL;
}

/* An identifier is part of that of the first step; whatever else it may be is
 * looked up here, where it was passed. (transfer full) */
static FulcraRequest *
operand_new(FulcraRequest *request)
{
    FulcraIdentifier *operand =
            fulcra_request_get_argument_identifier(request, "operand");

    if (operand == NULL || fulcra__identifier_scheme(operand) ==
                                   request->root->kernel->scheme_arg)
        operand = FULCRA_ID("arg:operand");
    return fulcra_request_new(request, FULCRA_VERB_SOURCE, operand);
}

static FulcraRepresentation *
chain_source(FulcraRequest *request, GError **error)
{
    size_t n = fulcra_request_get_n_arguments(request, "step");
    g_autofree FulcraChainStep *steps = g_new0(FulcraChainStep, n);

    for (size_t i = 0; i < n; i++) {
        steps[i].request = step_new(request, i, error);
        if (steps[i].request != NULL)
            continue;
        while (i > 0)
            fulcra_request_unref(steps[--i].request);
        return NULL;
    }
    return fulcra_host_request_chain(
            request, operand_new(request), steps, n, error);
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
