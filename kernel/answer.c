/* SPDX-License-Identifier: MIT */

/*
 * answer.c - from what an endpoint answered to what was wanted
 *
 * Defaults are filled in, and the answer is converted to the wanted type. What
 * a transreptor makes hangs on what it was made from, so it is made once. A
 * transreptor that may not run on this thread goes through its domain or the
 * workers, and the request is finished from there.
 */

#include "private/domain.h"
#include "private/kernel.h"
#include "private/representation.h"
#include "private/request.h"
#include "private/run.h"
#include "private/thread.h"
#include <fulcra-host/stats.h>

/* --- converting what was answered to the wanted type --- */

typedef struct {
    FulcraRequest *request; /* held */
    FulcraConversion conversion;
    size_t step;
} Converting;

static void request_convert(FulcraRequest *self, FulcraRepresentation *answer,
        const FulcraConversion *conversion, size_t step);

static GError *
wrong_form_error(FulcraEndpoint *endpoint, const char *to, const char *what)
{
    return g_error_new(FULCRA_ERROR, FULCRA_ERROR_MODULE,
            "transreptor '%s' is to make '%s' and made '%s'", endpoint->id, to,
            what);
}

/* What hangs on @from in the end. (transfer full), both */
static FulcraRepresentation *
conversion_hang(FulcraRepresentation *from, FulcraRepresentation *form)
{
    FulcraRepresentation *kept = fulcra__representation_hang(
            from, fulcra_representation_get_type(form), form);

    fulcra_representation_ref(kept);
    fulcra_representation_unref(from);
    return kept;
}

/* Runs a transreptor on this thread. (transfer full) */
static FulcraRepresentation *
transrept_here(FulcraRequest *parent, FulcraEndpoint *endpoint,
        FulcraRepresentation *from, const char *to, GError **error)
{
    g_autoptr(FulcraRequest) request =
            fulcra__request_new_transrept(parent, endpoint, from, to);
    FulcraRepresentation *form = endpoint->ops.transrept(request, error);

    if (form == fulcra__deferred) {
        g_critical("transreptor '%s' defers its answer: it must not",
                endpoint->id);
        g_propagate_error(error, wrong_form_error(endpoint, to, "nothing yet"));
        return NULL;
    }
    if (form != NULL && !fulcra_representation_has_type(form, to)) {
        g_propagate_error(error, wrong_form_error(endpoint, to,
                                         fulcra_representation_get_type(form)));
        g_clear_pointer(&form, fulcra_representation_unref);
    }
    if (form == NULL && error != NULL && *error == NULL)
        *error = wrong_form_error(endpoint, to, "nothing");
    return form;
}

static void
transrept_task_run(FulcraTask *task)
{
    FulcraRequest *self = FULCRA__CONTAINER_OF(task, FulcraRequest, execution);
    GError *error = NULL;
    FulcraRepresentation *form = transrept_here(
            self->parent, self->endpoint, self->primary, self->wanted, &error);

    fulcra__request_finish(self, form, error);
    fulcra_request_unref(self);
}

static void
converted(FulcraRequest *request, FulcraRepresentation *form,
        const GError *error, void *user_data)
{
    Converting *converting = user_data;
    FulcraRequest *self = converting->request;

    if (error != NULL) {
        fulcra__request_finish(self, NULL, g_error_copy(error));
    } else {
        FulcraRepresentation *kept =
                conversion_hang(fulcra_representation_ref(request->primary),
                        fulcra_representation_ref(form));
        request_convert(
                self, kept, &converting->conversion, converting->step + 1);
    }
    fulcra_request_unref(self);
    g_free(converting);
}

/* A transreptor that may not run on this thread. @from: (transfer none) */
static void
convert_elsewhere(FulcraRequest *self, FulcraRepresentation *from,
        const FulcraConversion *conversion, size_t step)
{
    FulcraEndpoint *endpoint = conversion->steps[step].endpoint;

    if (self->answered == NULL && fulcra__thread_self()->loop != NULL) {
        fulcra__request_finish_failed(self, FULCRA_ERROR_FAILED,
                "transreptor '%s' does not run inline: an event loop cannot "
                "wait for it; use fulcra_request_issue_async()",
                endpoint->id);
        return;
    }
    Converting *converting = g_new(Converting, 1);
    *converting = (Converting){ fulcra_request_ref(self), *conversion, step };

    FulcraRequest *request = fulcra__request_new_transrept(
            self, endpoint, from, conversion->steps[step].to);
    request->issued = true;
    request->answered = converted;
    request->answered_data = converting;
    atomic_store(&request->phase, PHASE_PENDING);
    request->execution.run = transrept_task_run;
    fulcra_request_ref(request); /* one for the task, one for the callback */
    if (endpoint->run == FULCRA_RUN_SERIAL)
        fulcra__domain_post(
                endpoint->domain, &request->execution, FULCRA__CONTINUE);
    else
        fulcra__pool_post(self->root->kernel->pool, &request->execution,
                FULCRA__CONTINUE);
}

/* @answer: (transfer full) */
static void
request_convert(FulcraRequest *self, FulcraRepresentation *answer,
        const FulcraConversion *conversion, size_t step)
{
    for (; step < conversion->n; step++) {
        FulcraEndpoint *endpoint = conversion->steps[step].endpoint;
        const char *to = conversion->steps[step].to;
        GError *error = NULL;

        if (endpoint->run != FULCRA_RUN_INLINE) {
            convert_elsewhere(self, answer, conversion, step);
            fulcra_representation_unref(answer);
            return;
        }
        FulcraRepresentation *form =
                fulcra__representation_find_derived(answer, to);
        if (form != NULL) {
            fulcra_representation_ref(form);
            fulcra_representation_unref(answer);
            answer = form;
            continue;
        }
        form = transrept_here(self, endpoint, answer, to, &error);
        if (form == NULL) {
            fulcra_representation_unref(answer);
            fulcra__request_finish(self, NULL, error);
            return;
        }
        answer = conversion_hang(answer, form);
    }
    fulcra__request_finish(self, answer, NULL);
}

/* --- what the endpoint answered --- */

/* EXISTS of an endpoint that only has SOURCE: does it answer? */
static void
answer_exists(FulcraRepresentation **answer, GError **error)
{
    bool missing =
            g_error_matches(*error, FULCRA_ERROR, FULCRA_ERROR_NOT_FOUND);

    if (*error != NULL && !missing)
        return;
    g_clear_error(error);
    g_clear_pointer(answer, fulcra_representation_unref);
    *answer = fulcra_representation_new_bool(!missing);
}

static FulcraRepresentation *
answer_default(FulcraVerb verb)
{
    if (verb == FULCRA_VERB_DELETE)
        return fulcra_representation_new_bool(true);
    return fulcra__representation_none();
}

static bool
request_wants_conversion(FulcraRequest *self, FulcraRepresentation *answer)
{
    return self->wanted != NULL &&
           fulcra_representation_get_type(answer) != self->wanted &&
           !fulcra_representation_has_type(answer, FULCRA_TYPE_NONE);
}

/* @answer, @error: (transfer full) */
void
fulcra__request_answered(
        FulcraRequest *self, FulcraRepresentation *answer, GError *error)
{
    FulcraConversion conversion;

    if (atomic_load_explicit(&self->phase, memory_order_acquire) !=
            PHASE_PENDING) {
        fulcra_host_stats_add(FULCRA_STAT_LATE_ANSWERS, 1);
        fulcra_representation_unref(answer);
        g_clear_error(&error);
        return;
    }
    if (self->verb == FULCRA_VERB_EXISTS && self->endpoint != NULL &&
            self->endpoint->ops.exists == NULL &&
            !fulcra__request_is_at_overlay(self))
        answer_exists(&answer, &error);
    if (error != NULL) {
        g_clear_pointer(&answer, fulcra_representation_unref);
        fulcra__request_finish(self, NULL, error);
        return;
    }
    if (answer == NULL)
        answer = answer_default(self->verb);
    if (!request_wants_conversion(self, answer)) {
        fulcra__request_finish(self, answer, NULL);
        return;
    }
    const char *from = fulcra_representation_get_type(answer);
    if (fulcra__request_find_conversion(
                self, from, self->wanted, &conversion)) {
        request_convert(self, answer, &conversion, 0);
        return;
    }
    fulcra__request_finish_failed(self, FULCRA_ERROR_BAD_ARGUMENT,
            "no transreptor makes '%s' of '%s'", self->wanted, from);
    fulcra_representation_unref(answer);
}
