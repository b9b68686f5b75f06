/* SPDX-License-Identifier: MIT */

/*
 * issue.c - running requests: from the issue to the answer
 *
 *   begin      look up arguments, resolve, or fail
 *   dispatch   run the endpoint here, on a worker, or in its domain
 *   answered   what the endpoint answered, converted to the wanted type
 *   finish     whoever claims the request first writes its answer
 *   deliver    the callback, on the thread where it is wanted
 *
 * References: an asynchronous issue holds one until the callback was called, a
 * task that is queued holds one until it has run, a deferral one until it was
 * answered. The caller of a synchronous issue has its own.
 */

#include "private/domain.h"
#include "private/error.h"
#include "private/kernel.h"
#include "private/representation.h"
#include "private/request.h"
#include "private/thread.h"
#include <fulcra-host/stats.h>
#include <fulcra/log.h>
#include <fulcra/representation.h>
#include <sched.h>

#define CONTAINER_OF(pointer, type, member)                                    \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Never dereferenced: only its address says something. */
static char deferred_mark;
FulcraRepresentation *const fulcra__deferred =
        (FulcraRepresentation *)(void *)&deferred_mark;

static void request_answered(
        FulcraRequest *self, FulcraRepresentation *answer, GError *error);

/* --- finish and deliver --- */

static void
request_call_back(FulcraRequest *self)
{
    self->answered(self, self->answer, self->error, self->answered_data);
    fulcra_request_unref(self);
}

static void
delivery_run(FulcraTask *task)
{
    request_call_back(CONTAINER_OF(task, FulcraRequest, delivery));
}

static void
request_deliver(FulcraRequest *self)
{
    self->delivery.run = delivery_run;
    if (self->deliver_domain != NULL)
        fulcra__domain_post(
                self->deliver_domain, &self->delivery, FULCRA__CONTINUE);
    else if (self->deliver_loop != NULL &&
             self->deliver_loop != fulcra__thread_self()->loop)
        self->deliver_loop->post(self->deliver_loop, &self->delivery);
    else
        request_call_back(self);
}

static void
root_wake(FulcraRoot *self)
{
    /* Pairs with request_wait(): either it sees ANSWERED, or we see it. */
    if (atomic_load(&self->waiters) == 0)
        return;
    pthread_mutex_lock(&self->lock);
    pthread_cond_broadcast(&self->answered);
    pthread_mutex_unlock(&self->lock);
}

/* Whether this call is the one that answers @self, and has.
 * @answer, @error: (transfer full): one of them is NULL */
static bool
request_finish(FulcraRequest *self, FulcraRepresentation *answer, GError *error)
{
    int pending = PHASE_PENDING;

    if (!atomic_compare_exchange_strong(
                &self->phase, &pending, PHASE_CLAIMED)) {
        fulcra_representation_unref(answer);
        g_clear_error(&error);
        return false;
    }
    if (error != NULL) {
        g_autofree char *line = fulcra__request_describe(self);

        error = fulcra__error_adopt(error);
        fulcra__error_push(error, line);
        if (self->parent == NULL)
            fulcra_host_stats_add(FULCRA_STAT_REQUESTS_FAILED, 1);
    }
    self->answer = answer;
    self->error = error;
    if (self->started_ns != 0)
        fulcra__trace_end(self);

    bool asynchronous = self->answered != NULL;
    atomic_store(&self->phase, PHASE_ANSWERED);
    root_wake(self->root);
    if (asynchronous) {
        if (atomic_load(&self->timed))
            fulcra__deadlines_remove(
                    self->root->kernel->deadlines, &self->deadline);
        request_deliver(self);
    }
    return true;
}

static void request_finish_failed(FulcraRequest *self, FulcraErrorCode code,
        const char *format, ...) FULCRA_PRINTF(3, 4);

static void
request_finish_failed(
        FulcraRequest *self, FulcraErrorCode code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    GError *error =
            g_error_new_valist(FULCRA_ERROR, (int)code, format, arguments);
    va_end(arguments);
    request_finish(self, NULL, error);
}

/* --- when the code of an endpoint has returned --- */

static void
request_tell_returned(FulcraRequest *self)
{
    self->when_returned(self, self->when_returned_data);
    fulcra_request_unref(self);
}

static void
return_task_run(FulcraTask *task)
{
    request_tell_returned(CONTAINER_OF(task, FulcraRequest, return_task));
}

static void
request_mark_returned(FulcraRequest *self)
{
    atomic_store(&self->returned, true);
    if (!atomic_exchange(&self->watched, false))
        return;
    self->return_task.run = return_task_run;
    if (self->deliver_loop != NULL &&
            self->deliver_loop != fulcra__thread_self()->loop)
        self->deliver_loop->post(self->deliver_loop, &self->return_task);
    else
        request_tell_returned(self);
}

void
fulcra_host_request_when_returned(FulcraRequest *self,
        void (*returned)(FulcraRequest *self, void *user_data), void *user_data)
{
    self->when_returned = returned;
    self->when_returned_data = user_data;
    fulcra_request_ref(self);
    atomic_store(&self->watched, true); /* one of the two takes it back */
    if (atomic_load(&self->returned) && atomic_exchange(&self->watched, false))
        request_tell_returned(self);
}

bool
fulcra_host_request_is_done(FulcraRequest *self)
{
    return atomic_load(&self->phase) == PHASE_ANSWERED;
}

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
    FulcraRequest *self = CONTAINER_OF(task, FulcraRequest, execution);
    GError *error = NULL;
    FulcraRepresentation *form = transrept_here(
            self->parent, self->endpoint, self->primary, self->wanted, &error);

    request_finish(self, form, error);
    fulcra_request_unref(self);
}

static void
converted(FulcraRequest *request, FulcraRepresentation *form,
        const GError *error, void *user_data)
{
    Converting *converting = user_data;
    FulcraRequest *self = converting->request;

    if (error != NULL) {
        request_finish(self, NULL, g_error_copy(error));
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
        request_finish_failed(self, FULCRA_ERROR_FAILED,
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
            request_finish(self, NULL, error);
            return;
        }
        answer = conversion_hang(answer, form);
    }
    request_finish(self, answer, NULL);
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
    return fulcra_representation_new_bytes(FULCRA_TYPE_NONE, NULL, 0);
}

static bool
request_wants_conversion(FulcraRequest *self, FulcraRepresentation *answer)
{
    return self->wanted != NULL &&
           fulcra_representation_get_type(answer) != self->wanted &&
           !fulcra_representation_has_type(answer, FULCRA_TYPE_NONE);
}

/* @answer, @error: (transfer full) */
static void
request_answered(
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
        request_finish(self, NULL, error);
        return;
    }
    if (answer == NULL)
        answer = answer_default(self->verb);
    if (!request_wants_conversion(self, answer)) {
        request_finish(self, answer, NULL);
        return;
    }
    const char *from = fulcra_representation_get_type(answer);
    if (fulcra__request_find_conversion(
                self, from, self->wanted, &conversion)) {
        request_convert(self, answer, &conversion, 0);
        return;
    }
    request_finish_failed(self, FULCRA_ERROR_BAD_ARGUMENT,
            "no transreptor makes '%s' of '%s'", self->wanted, from);
    fulcra_representation_unref(answer);
}

/* --- begin --- */

/* Checks and resolves. Where that answers it already, returns false too. */
static bool
request_begin(FulcraRequest *self)
{
    FulcraKernel *kernel = self->root->kernel;
    FulcraRepresentation *value = NULL;
    GError *error = NULL;

    atomic_store_explicit(&self->phase, PHASE_PENDING, memory_order_relaxed);
    if (self->parent == NULL)
        fulcra_host_stats_add(FULCRA_STAT_REQUESTS, 1);
    if (self->root->tracer != NULL)
        fulcra__trace_begin(self);
    if (self->identifier->scheme == kernel->scheme_arg &&
            !fulcra__request_dereference(self, &value, &error)) {
        request_finish(self, NULL, error);
        return false;
    }
    self->issued = true;
    if (self->parent != NULL && fulcra__request_is_cancelled(self->parent)) {
        fulcra_representation_unref(value);
        request_finish_failed(self, FULCRA_ERROR_CANCELLED,
                "the request that asks is not wanted any more");
        return false;
    }
    if (self->depth >= kernel->limits.max_depth) {
        fulcra_representation_unref(value);
        request_finish_failed(self, FULCRA_ERROR_FAILED,
                "requests are nested more than %u deep: an endpoint probably "
                "depends on itself",
                kernel->limits.max_depth);
        return false;
    }
    if (value != NULL) {
        request_answered(self, value, NULL);
        return false;
    }
    if (self->endpoint == NULL && !fulcra__request_resolve(self, &error)) {
        request_finish(self, NULL, error);
        return false;
    }
    return true;
}

/* --- dispatch --- */

static void
request_run_here(FulcraRequest *self)
{
    FulcraHandler handler =
            fulcra__request_is_at_overlay(self)
                    ? self->endpoint->ops.overlay
                    : fulcra__endpoint_get_handler(self->endpoint, self->verb);
    GError *error = NULL;
    FulcraRepresentation *answer = handler(self, &error);

    if (answer == fulcra__deferred) {
        request_mark_returned(self);
        return;
    }
    if (self->deferred) {
        g_critical("endpoint '%s' deferred its answer and then returned one",
                self->endpoint->id);
        if (answer != NULL)
            fulcra_representation_unref(answer);
        g_clear_error(&error);
        return;
    }
    request_mark_returned(self);
    request_answered(self, answer, error);
}

static void
execution_run(FulcraTask *task)
{
    FulcraRequest *self = CONTAINER_OF(task, FulcraRequest, execution);

    if (atomic_load(&self->phase) == PHASE_PENDING)
        request_run_here(self);
    else
        request_mark_returned(self); /* timed out before it could begin */
    fulcra_request_unref(self);
}

/* Queues it for its domain or for the workers. */
static void
request_queue(FulcraRequest *self)
{
    FulcraKernel *kernel = self->root->kernel;
    FulcraDomain *domain = self->endpoint->run == FULCRA_RUN_SERIAL
                                   ? self->endpoint->domain
                                   : NULL;
    unsigned queued = domain != NULL ? fulcra__domain_get_queued(domain)
                                     : fulcra__pool_get_queued(kernel->pool);

    if (queued >= kernel->limits.max_queue) {
        fulcra_host_stats_add(FULCRA_STAT_OVERLOADED, 1);
        request_mark_returned(self);
        request_finish_failed(self, FULCRA_ERROR_OVERLOADED,
                "%u requests wait before '%s' already", queued,
                self->endpoint->id);
        return;
    }
    self->execution.run = execution_run;
    fulcra_request_ref(self);
    FulcraStage stage = self->parent == NULL ? FULCRA__BEGIN : FULCRA__CONTINUE;
    if (domain != NULL)
        fulcra__domain_post(domain, &self->execution, stage);
    else
        fulcra__pool_post(kernel->pool, &self->execution, stage);
}

/* --- waiting --- */

static void
request_time_out(FulcraRequest *self)
{
    g_autofree char *what = fulcra__request_describe(self);
    GError *error = g_error_new(FULCRA_ERROR, FULCRA_ERROR_TIMEOUT,
            "'%s' has not answered within the deadline",
            self->endpoint == NULL ? "?" : self->endpoint->id);

    atomic_store(&self->cancelled, true);
    bool timed_out = request_finish(self, NULL, error);
    root_wake(self->root); /* those below it are not wanted any more */
    if (!timed_out)
        return;
    fulcra_host_stats_add(FULCRA_STAT_TIMEOUTS, 1);
    fulcra_log_warning(self, "no answer within the deadline: %s", what);
}

/* Sleeps until @self was answered; ends it itself at its deadline, or where it
 * is not wanted any more. */
static void
request_sleep(FulcraRequest *self)
{
    FulcraRoot *root = self->root;
    int64_t due = fulcra__request_get_due(self);
    struct timespec until = { .tv_sec = due / G_USEC_PER_SEC,
        .tv_nsec = due % G_USEC_PER_SEC * 1000 };
    bool cancelled = false, late = false;

    pthread_mutex_lock(&root->lock);
    atomic_fetch_add(&root->waiters, 1);
    while (atomic_load(&self->phase) != PHASE_ANSWERED && !late &&
            !(cancelled = fulcra__request_is_cancelled(self)))
        late = pthread_cond_clockwait(&root->answered, &root->lock,
                       CLOCK_MONOTONIC, &until) == ETIMEDOUT;
    atomic_fetch_sub(&root->waiters, 1);
    pthread_mutex_unlock(&root->lock);

    if (cancelled)
        request_finish_failed(self, FULCRA_ERROR_CANCELLED,
                "the answer is not wanted any more");
    else if (late)
        request_time_out(self);
    while (atomic_load(&self->phase) != PHASE_ANSWERED)
        sched_yield(); /* claimed by another thread that is about to write */
}

static void
request_refuse_deferral(FulcraRequest *self)
{
    request_finish_failed(self, FULCRA_ERROR_FAILED,
            "'%s' defers its answer: an event loop cannot wait for it; use "
            "fulcra_request_issue_async()",
            self->endpoint->id);
}

/* Waits for an answer that another thread will give. The domain was given up.
 */
static void
request_wait(FulcraRequest *self)
{
    FulcraThread *thread = fulcra__thread_self();

    if (thread->loop != NULL) {
        request_refuse_deferral(self);
        return;
    }
    if (!thread->worker) {
        request_sleep(self);
        return;
    }
    if (!fulcra__pool_begin_wait(thread->kernel->pool, false)) {
        fulcra_host_stats_add(FULCRA_STAT_OVERLOADED, 1);
        request_finish_failed(self, FULCRA_ERROR_OVERLOADED,
                "all workers wait for answers: none is left to give this one");
        return;
    }
    request_sleep(self);
    fulcra__pool_end_wait(thread->kernel->pool);
}

/* As a nested call, when the domain is free: no other worker is needed. */
static void
request_run_in_domain(FulcraRequest *self)
{
    FulcraDomain *domain = self->endpoint->domain;

    if (!fulcra__domain_enter(domain, fulcra__request_get_due(self))) {
        request_mark_returned(self);
        request_time_out(self);
        return;
    }
    if (fulcra__request_is_cancelled(self)) {
        request_mark_returned(self);
        request_finish_failed(self, FULCRA_ERROR_CANCELLED,
                "the answer is not wanted any more");
    } else {
        request_run_here(self);
    }
    fulcra__domain_leave();
}

/* Runs it on this thread; waits, if it defers its answer. */
static void
request_run_and_wait(FulcraRequest *self)
{
    FulcraEndpoint *endpoint = self->endpoint;

    if (endpoint->run == FULCRA_RUN_INLINE) {
        request_run_here(self);
        if (atomic_load(&self->phase) == PHASE_ANSWERED)
            return;
    }
    FulcraDomain *mine = fulcra__domain_leave();
    if (endpoint->run == FULCRA_RUN_CONCURRENT) {
        request_run_here(self);
    } else if (endpoint->run == FULCRA_RUN_SERIAL) {
        request_run_in_domain(self);
    }
    if (atomic_load(&self->phase) != PHASE_ANSWERED)
        request_wait(self);
    fulcra__domain_reenter(mine);
}

/* (transfer full) */
static FulcraRepresentation *
request_collect(FulcraRequest *self, GError **error)
{
    if (atomic_load(&self->phase) != PHASE_ANSWERED) {
        FulcraDomain *mine = fulcra__domain_leave();

        request_wait(self);
        fulcra__domain_reenter(mine);
    }
    if (self->error == NULL)
        return fulcra_representation_ref(self->answer);
    g_propagate_error(error, g_error_copy(self->error));
    return NULL;
}

FulcraRepresentation *
fulcra_request_issue(FulcraRequest *self, GError **error)
{
    g_return_val_if_fail(self != NULL && !self->issued, NULL);

    if (!request_begin(self)) {
        request_mark_returned(self);
    } else if (self->endpoint->run != FULCRA_RUN_INLINE &&
               fulcra__thread_self()->loop != NULL) {
        request_mark_returned(self);
        request_finish_failed(self, FULCRA_ERROR_FAILED,
                "'%s' does not run inline: an event loop cannot wait for it; "
                "use fulcra_request_issue_async()",
                self->endpoint->id);
    } else {
        request_run_and_wait(self);
    }
    return request_collect(self, error);
}

/* --- not waiting --- */

static void
request_start_clock(FulcraRequest *self)
{
    FulcraDeadlines *deadlines = self->root->kernel->deadlines;

    self->deadline.at = fulcra__request_get_due(self);
    fulcra__deadlines_add(deadlines, &self->deadline);
    atomic_store(&self->timed, true);
    /* Pairs with request_finish(): it saw `timed`, or we see that it ended. */
    if (atomic_load(&self->phase) == PHASE_ANSWERED)
        fulcra__deadlines_remove(deadlines, &self->deadline);
}

void
fulcra_request_issue_async(
        FulcraRequest *self, FulcraAnswered answered, void *user_data)
{
    g_return_if_fail(self != NULL && !self->issued && answered != NULL);

    self->answered = answered;
    self->answered_data = user_data;
    if (self->parent == NULL)
        self->deliver_loop = fulcra__thread_self()->loop;
    else if (self->parent->endpoint != NULL &&
             self->parent->endpoint->run == FULCRA_RUN_SERIAL)
        self->deliver_domain = self->parent->endpoint->domain;

    fulcra_request_ref(self); /* until it was delivered */
    FulcraRequest *held = fulcra_request_ref(self);
    if (!request_begin(self)) {
        request_mark_returned(self);
    } else if (self->endpoint->run == FULCRA_RUN_INLINE) {
        request_run_here(self);
        if (atomic_load(&self->phase) != PHASE_ANSWERED)
            request_start_clock(self);
    } else {
        request_start_clock(self);
        request_queue(self);
    }
    fulcra_request_unref(held);
}

void
fulcra__request_hold_expiring(FulcraDeadline *entry)
{
    fulcra_request_ref(CONTAINER_OF(entry, FulcraRequest, deadline));
}

void
fulcra__request_expire(FulcraDeadline *entry)
{
    FulcraRequest *self = CONTAINER_OF(entry, FulcraRequest, deadline);

    request_time_out(self);
    fulcra_request_unref(self);
}

void
fulcra_request_cancel(FulcraRequest *self)
{
    g_return_if_fail(self != NULL);
    atomic_store(&self->cancelled, true);
    if (atomic_load(&self->phase) == PHASE_PENDING)
        request_finish_failed(self, FULCRA_ERROR_CANCELLED,
                "the answer is not wanted any more");
    root_wake(self->root);
}

/* --- answering later --- */

FulcraRepresentation *
fulcra_request_defer(FulcraRequest *self)
{
    g_return_val_if_fail(self != NULL && !self->deferred, NULL);
    self->deferred = true;
    fulcra_request_ref(self);
    /* Refused here and now, not only where the answer happens to be late. */
    if (self->answered == NULL && fulcra__thread_self()->loop != NULL)
        request_refuse_deferral(self);
    return fulcra__deferred;
}

void
fulcra_request_respond(FulcraRequest *self, FulcraRepresentation *answer)
{
    g_return_if_fail(self != NULL && self->deferred);
    request_mark_returned(self);
    request_answered(self, answer, NULL);
    fulcra_request_unref(self);
}

void
fulcra_request_fail(FulcraRequest *self, GError *error)
{
    g_return_if_fail(self != NULL && self->deferred && error != NULL);
    request_mark_returned(self);
    request_answered(self, NULL, error);
    fulcra_request_unref(self);
}

static void
passed_on(FulcraRequest *inner, FulcraRepresentation *answer,
        const GError *error, void *user_data)
{
    FulcraRequest *self = user_data;

    (void)inner;
    if (error != NULL)
        fulcra_request_fail(self, g_error_copy(error));
    else
        fulcra_request_respond(self, fulcra_representation_ref(answer));
}

FulcraRepresentation *
fulcra_request_pass_on(FulcraRequest *self, FulcraRequest *inner)
{
    g_return_val_if_fail(self != NULL && inner != NULL, NULL);

    FulcraRepresentation *deferred = fulcra_request_defer(self);
    fulcra_request_issue_async(inner, passed_on, self);
    fulcra_request_unref(inner);
    return deferred;
}

/* --- in short --- */

FulcraRepresentation *
fulcra_request_source(FulcraRequest *self, FulcraIdentifier *identifier,
        const char *type, GError **error)
{
    g_autoptr(FulcraRequest) request =
            fulcra_request_new(self, FULCRA_VERB_SOURCE, identifier);

    fulcra_request_set_wanted_type(request, type);
    return fulcra_request_issue(request, error);
}

bool
fulcra_request_sink(FulcraRequest *self, FulcraIdentifier *identifier,
        FulcraRepresentation *primary, GError **error)
{
    g_autoptr(FulcraRequest) request =
            fulcra_request_new(self, FULCRA_VERB_SINK, identifier);

    fulcra_request_set_primary(request, primary);
    FulcraRepresentation *answer = fulcra_request_issue(request, error);
    fulcra_representation_unref(answer);
    return answer != NULL;
}

FulcraRepresentation *
fulcra_request_source_argument(
        FulcraRequest *self, const char *name, const char *type, GError **error)
{
    FulcraSlot slot = fulcra_slot_text("name", name);
    g_autoptr(FulcraIdentifier) identifier = fulcra_identifier_build(
            FULCRA_GRAMMAR("arg:{name}"), &slot, 1, error);

    if (identifier == NULL)
        return NULL;
    return fulcra_request_source(self, identifier, type, error);
}

FulcraRepresentation *
fulcra_request_transrept(FulcraRequest *self, FulcraRepresentation *from,
        const char *type, GError **error)
{
    g_return_val_if_fail(self != NULL && from != NULL && type != NULL, NULL);
    if (fulcra_representation_has_type(from, type))
        return fulcra_representation_ref(from);

    g_autoptr(FulcraRequest) request =
            fulcra_request_new(self, FULCRA_VERB_SOURCE, self->identifier);
    fulcra_request_set_wanted_type(request, type);
    request->issued = true;
    atomic_store(&request->phase, PHASE_PENDING);
    request_answered(request, fulcra_representation_ref(from), NULL);
    return request_collect(request, error);
}

FulcraRepresentation *
fulcra_request_source_primary(
        FulcraRequest *self, const char *type, GError **error)
{
    if (self->primary == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "%s needs a primary argument",
                fulcra_verb_to_string(self->verb));
        return NULL;
    }
    if (type == NULL)
        return fulcra_representation_ref(self->primary);
    return fulcra_request_transrept(self, self->primary, type, error);
}
