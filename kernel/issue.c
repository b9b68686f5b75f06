/* SPDX-License-Identifier: MIT */

/*
 * issue.c - running requests: from the issue to the endpoint
 *
 *   begin      look up arguments, resolve, or fail
 *   dispatch   run the endpoint here, on a worker, or in its domain
 *   answered   defaults, conversion to the wanted type         (answer.c)
 *   finish     whoever claims the request writes its answer    (finish.c)
 *
 * References: an asynchronous issue holds one until the callback was called, a
 * task that is queued holds one until it has run, a deferral one until it was
 * answered. The caller of a synchronous issue has its own.
 */

#include "private/cache.h"
#include "private/domain.h"
#include "private/follow.h"
#include "private/kernel.h"
#include "private/mapping.h"
#include "private/owner.h"
#include "private/request.h"
#include "private/run.h"
#include "private/thread.h"
#include <fulcra-host/stats.h>
#include <fulcra/representation.h>
#include <sched.h>

#define QUICK_ROW_US 200 /* a row keeps its domain so long at most */

/* Never dereferenced: only its address says something. */
static char deferred_mark;
FulcraRepresentation *const fulcra__deferred =
        (FulcraRepresentation *)(void *)&deferred_mark;

/* --- begin --- */

/* A value that it was given is something that the kernel can see. */
static void
request_note_value(FulcraRequest *self, FulcraRepresentation *value)
{
    FulcraLedger *ledger = self->parent->ledger;

    if (ledger == NULL || self->independent)
        return;
    pthread_mutex_lock(&self->root->lock);
    if (!ledger->closed) {
        ledger->asked = true;
        fulcra__ledger_remember_answer(ledger, value);
    }
    pthread_mutex_unlock(&self->root->lock);
}

/* Checks and resolves. Where that answers it already, returns false too. */
static bool
request_begin(FulcraRequest *self)
{
    FulcraKernel *kernel = self->root->kernel;
    FulcraRepresentation *value = NULL;
    GError *error = NULL;

    atomic_store_explicit(&self->phase, PHASE_PENDING, memory_order_relaxed);
    self->issuer = fulcra__thread_self();
    if (self->parent == NULL) {
        fulcra_host_stats_add(FULCRA_STAT_REQUESTS, 1);
        if (atomic_load_explicit(&kernel->watching, memory_order_relaxed))
            kernel->watch(self, kernel->watch_data);
    }
    if (self->root->tracers != NULL)
        fulcra__trace_begin(self);
    if (fulcra__identifier_scheme(self->identifier) == kernel->scheme_arg &&
            !fulcra__request_dereference(self, &value, &error)) {
        fulcra__request_finish(self, NULL, error);
        return false;
    }
    self->issued = true;
    if (self->parent != NULL && fulcra__request_is_cancelled(self->parent)) {
        fulcra_representation_unref(value);
        fulcra__request_finish_failed(self, FULCRA_ERROR_CANCELLED,
                "the request that asks is not wanted any more");
        return false;
    }
    if (self->depth >= kernel->limits.max_depth) {
        fulcra_representation_unref(value);
        fulcra__request_finish_failed(self, FULCRA_ERROR_FAILED,
                "requests are nested more than %u deep: an endpoint probably "
                "depends on itself",
                kernel->limits.max_depth);
        return false;
    }
    if (value != NULL) {
        request_note_value(self, value);
        fulcra__request_answered(self, value, NULL);
        return false;
    }
    if (self->endpoint == NULL &&
            !fulcra__request_resolve(self, false, &error)) {
        if (fulcra__request_may_be_kept(self))
            fulcra__request_open_ledger(self); /* the asker depends on it */
        fulcra__request_finish(self, NULL, error);
        return false;
    }
    if (self->parent == NULL && self->root->behind)
        fulcra__request_skip_overlays(self);
    return true;
}

/* --- the cache --- */

static void
request_begin_evaluation(FulcraRequest *self)
{
    atomic_store_explicit(
            &self->evaluated_us, g_get_monotonic_time(), memory_order_relaxed);
}

/* Whether it must be evaluated; otherwise it was answered, or will be. */
static bool
request_must_run(FulcraRequest *self)
{
    bool may_join =
            self->answered != NULL || fulcra__thread_self()->loop == NULL;

    if (!fulcra__request_may_be_kept(self))
        return true;
    if (fulcra__request_is_at_overlay(self)) {
        fulcra__request_open_ledger(self);
        self->ledger->bound = "an overlay decides anew each time";
        return true;
    }
    if (self->unkept == NULL)
        self->given = fulcra__given_collect(self, &self->unkept);
    if (self->unkept != NULL) {
        fulcra__request_open_ledger(self);
        return true;
    }
    switch (fulcra__cache_ask(self->root->kernel->cache, self, may_join)) {
    case FULCRA__CACHE_EVALUATE:
        request_begin_evaluation(self);
        return true;
    case FULCRA__CACHE_CIRCLE:
        fulcra__request_mark_returned(self);
        fulcra__request_finish_failed(
                self, FULCRA_ERROR_FAILED, "it depends on itself");
        return false;
    case FULCRA__CACHE_HIT:
    case FULCRA__CACHE_JOINED:
        break;
    }
    return false;
}

/* --- dispatch --- */

/* What its endpoint holds has moved to @endpoint (nullable), which is another
 * generation's. */
static FulcraRepresentation *
request_run_moved(FulcraRequest *self, FulcraEndpoint *endpoint, GError **error)
{
    if (endpoint == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_GONE,
                "the module of '%s' was replaced by one that does not answer "
                "this",
                self->endpoint->id);
        return NULL;
    }
    FulcraRequest *inner = fulcra__request_redirect(self, endpoint);
    if (self->answered != NULL)
        return fulcra_request_pass_on(self, inner);
    FulcraRepresentation *answer = fulcra_request_issue(inner, error);
    fulcra_request_unref(inner);
    return answer;
}

static FulcraRepresentation *
request_run_code(FulcraRequest *self, GError **error)
{
    FulcraHandler handler =
            fulcra__request_is_at_overlay(self)
                    ? self->endpoint->ops.overlay
                    : fulcra__endpoint_get_handler(self->endpoint, self->verb);

    /* META that was resolved as another verb has overlays to ask, no more. */
    return handler != NULL ? handler(self, error) : NULL;
}

static void
request_refuse_held(FulcraRequest *self)
{
    fulcra__request_mark_returned(self);
    fulcra__request_finish_failed(self, FULCRA_ERROR_OVERLOADED,
            "the module of '%s' is being replaced: an event loop cannot wait "
            "for it; use fulcra_request_issue_async()",
            self->endpoint->id);
}

static void
request_run_here(FulcraRequest *self)
{
    FulcraEndpoint *endpoint = NULL;
    FulcraEntered entered = self->endpoint->owner == NULL
                                    ? FULCRA__OWNER_ENTERED
                                    : fulcra__owner_enter(self, &endpoint);
    FulcraRepresentation *answer;
    GError *error = NULL;

    if (entered == FULCRA__OWNER_PARKED)
        return;
    if (entered == FULCRA__OWNER_REFUSED) {
        request_refuse_held(self);
        return;
    }
    answer = entered == FULCRA__OWNER_MOVED
                     ? request_run_moved(self, endpoint, &error)
                     : request_run_code(self, &error);

    if (answer == fulcra__deferred) {
        fulcra__request_mark_returned(self);
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
    fulcra__request_mark_returned(self);
    fulcra__request_answered(self, answer, error);
}

static void
execution_run(FulcraTask *task)
{
    FulcraRequest *self = FULCRA__CONTAINER_OF(task, FulcraRequest, execution);

    if (self->hand_on != NULL && self->row_began == 0)
        self->row_began = g_get_monotonic_time();
    if (self->evaluated_us != 0)
        request_begin_evaluation(self); /* that it waited is no cost of it */
    if (atomic_load(&self->phase) == PHASE_PENDING)
        request_run_here(self);
    else
        fulcra__request_mark_returned(
                self); /* timed out before it could begin */
    fulcra_request_unref(self);
}

/* (nullable): where it does not run in one */
static FulcraDomain *
request_domain(const FulcraRequest *self)
{
    return self->endpoint->run == FULCRA_RUN_SERIAL ? self->endpoint->domain
                                                    : NULL;
}

/* Nothing waits for it that has begun. Who follows a resource has. */
static bool
request_begins(const FulcraRequest *self)
{
    return self->parent == NULL && !self->root->follows;
}

static void
request_move_up(FulcraRequest *self)
{
    FulcraDomain *domain = request_domain(self);

    if (domain != NULL)
        fulcra__domain_hasten(domain, &self->execution);
    else
        fulcra__pool_hasten(self->root->kernel->pool, &self->execution);
}

void
fulcra__request_hasten(FulcraRequest *self, const FulcraRequest *other)
{
    if (!request_begins(self) || request_begins(other) ||
            self->endpoint->run == FULCRA_RUN_INLINE)
        return;
    if (!atomic_exchange(&self->awaited, true))
        request_move_up(self);
}

/* A row of quick requests goes on where it is. One that takes its time makes
 * room for those who wait, as if it had come back from its loop. */
static bool
request_is_next(const FulcraRequest *self, const FulcraDomain *domain)
{
    return self->row_began != 0 && domain == fulcra__thread_self()->held &&
           g_get_monotonic_time() - self->row_began < QUICK_ROW_US;
}

/* Queues it for its domain or for the workers. */
static void
request_queue(FulcraRequest *self)
{
    FulcraKernel *kernel = self->root->kernel;
    FulcraDomain *domain = request_domain(self);
    unsigned queued = domain != NULL ? fulcra__domain_get_queued(domain)
                                     : fulcra__pool_get_queued(kernel->pool);

    if (queued >= kernel->limits.max_queue) {
        fulcra_host_stats_add(FULCRA_STAT_OVERLOADED, 1);
        fulcra__request_mark_returned(self);
        fulcra__request_finish_failed(self, FULCRA_ERROR_OVERLOADED,
                "%u requests wait before '%s' already", queued,
                self->endpoint->id);
        return;
    }
    self->execution.run = execution_run;
    fulcra_request_ref(self);
    FulcraStage stage = request_begins(self) ? FULCRA__BEGIN : FULCRA__CONTINUE;
    if (domain == NULL)
        fulcra__pool_post(kernel->pool, &self->execution, stage);
    else if (request_is_next(self, domain))
        fulcra__domain_post_next(domain, &self->execution);
    else
        fulcra__domain_post(domain, &self->execution, stage);
    /* Who came to wait before it was queued did not find it. */
    if (stage == FULCRA__BEGIN && atomic_load(&self->awaited))
        request_move_up(self);
}

void
fulcra__request_queue_again(FulcraRequest *self)
{
    self->execution.run = execution_run;
    if (self->endpoint->run == FULCRA_RUN_INLINE && self->deliver_loop != NULL)
        self->deliver_loop->post(self->deliver_loop, &self->execution);
    else
        fulcra__request_again(self);
}

void
fulcra__request_again(FulcraRequest *self)
{
    self->execution.run = execution_run;
    if (self->endpoint->run == FULCRA_RUN_SERIAL)
        fulcra__domain_post(
                self->endpoint->domain, &self->execution, FULCRA__CONTINUE);
    else
        fulcra__pool_post(
                self->root->kernel->pool, &self->execution, FULCRA__CONTINUE);
}

/* --- waiting --- */

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
    root->slept = true;
    atomic_fetch_add(&root->waiters, 1);
    while (atomic_load(&self->phase) != PHASE_ANSWERED && !late &&
            !(cancelled = fulcra__request_is_cancelled(self)))
        late = pthread_cond_clockwait(&root->answered, &root->lock,
                       CLOCK_MONOTONIC, &until) == ETIMEDOUT;
    atomic_fetch_sub(&root->waiters, 1);
    pthread_mutex_unlock(&root->lock);

    if (cancelled)
        fulcra__request_finish_failed(self, FULCRA_ERROR_CANCELLED,
                "the answer is not wanted any more");
    else if (late)
        fulcra__request_time_out(self);
    while (atomic_load(&self->phase) != PHASE_ANSWERED)
        sched_yield(); /* claimed by another thread that is about to write */
}

static void
request_refuse_deferral(FulcraRequest *self)
{
    fulcra__request_finish_failed(self, FULCRA_ERROR_FAILED,
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
        fulcra__request_finish_failed(self, FULCRA_ERROR_OVERLOADED,
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
        fulcra__request_mark_returned(self);
        fulcra__request_time_out(self);
        return;
    }
    if (fulcra__request_is_cancelled(self)) {
        fulcra__request_mark_returned(self);
        fulcra__request_finish_failed(self, FULCRA_ERROR_CANCELLED,
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
FulcraRepresentation *
fulcra__request_collect(FulcraRequest *self, GError **error)
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

    fulcra__request_begin_run(self);
    if (!request_begin(self)) {
        fulcra__request_mark_returned(self);
    } else if (self->endpoint->run != FULCRA_RUN_INLINE &&
               fulcra__thread_self()->loop != NULL) {
        if (fulcra__request_may_be_kept(self))
            fulcra__request_open_ledger(self);
        fulcra__request_mark_returned(self);
        fulcra__request_finish_failed(self, FULCRA_ERROR_FAILED,
                "'%s' does not run inline: an event loop cannot wait for it; "
                "use fulcra_request_issue_async()",
                self->endpoint->id);
    } else if (request_must_run(self)) {
        request_run_and_wait(self);
    }
    return fulcra__request_collect(self, error);
}

/* --- not waiting --- */

static void
request_start_clock(FulcraRequest *self)
{
    FulcraDeadlines *deadlines = self->root->kernel->deadlines;

    self->deadline.at = fulcra__request_get_due(self);
    fulcra__deadlines_add(deadlines, &self->deadline);
    atomic_store(&self->timed, true);
    /* Pairs with fulcra__request_finish(): it saw `timed`, or we see that it
     * ended. */
    if (atomic_load(&self->phase) == PHASE_ANSWERED)
        fulcra__deadlines_remove(deadlines, &self->deadline);
}

static void
request_issue_async(
        FulcraRequest *self, FulcraAnswered answered, void *user_data)
{
    self->answered = answered;
    self->answered_data = user_data;
    if (fulcra__mappings_are_watched())
        fulcra__mappings_count_callback((uintptr_t)answered, 1);
    /* One until it was called back, one for this function. */
    if (fulcra_refs_unique(&self->refs))
        fulcra_refs_take_alone(&self->refs, 2);
    else
        fulcra_refs_take_many(&self->refs, 2);
    self->issuing = true;
    fulcra__request_begin_run(self);
    if (!request_begin(self)) {
        fulcra__request_mark_returned(self);
    } else if (!request_must_run(self)) {
        if (atomic_load(&self->phase) != PHASE_ANSWERED)
            request_start_clock(self);
    } else if (self->endpoint->run == FULCRA_RUN_INLINE) {
        request_run_here(self);
        if (atomic_load(&self->phase) != PHASE_ANSWERED)
            request_start_clock(self);
    } else {
        request_start_clock(self);
        request_queue(self);
    }
    self->issuing = false;
    fulcra__request_drop(self, self->called_back ? 2 : 1);
}

void
fulcra_request_issue_async(
        FulcraRequest *self, FulcraAnswered answered, void *user_data)
{
    g_return_if_fail(self != NULL && !self->issued && answered != NULL);

    if (self->parent == NULL)
        self->deliver_loop = fulcra__thread_self()->loop;
    else if (self->parent->endpoint != NULL &&
             self->parent->endpoint->run == FULCRA_RUN_SERIAL)
        self->deliver_domain = self->parent->endpoint->domain;
    request_issue_async(self, answered, user_data);
}

void
fulcra_host_request_issue_in_row(FulcraRequest *self, FulcraExecutor *loop,
        FulcraRequest *before, FulcraHandOn hand_on, FulcraAnswered answered,
        void *user_data)
{
    g_return_if_fail(self != NULL && !self->issued && self->parent == NULL);

    self->deliver_loop = loop;
    self->hand_on = hand_on;
    if (before != NULL)
        self->row_began = before->row_began;
    request_issue_async(self, answered, user_data);
}

bool
fulcra_host_request_is_serial(FulcraRequest *self)
{
    return self->endpoint != NULL && self->endpoint->run == FULCRA_RUN_SERIAL &&
           !fulcra__request_is_at_overlay(self);
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
    fulcra__request_mark_returned(self);
    fulcra__request_answered(self, answer, NULL);
    fulcra_request_unref(self);
}

void
fulcra_request_fail(FulcraRequest *self, GError *error)
{
    g_return_if_fail(self != NULL && self->deferred && error != NULL);
    fulcra__request_mark_returned(self);
    fulcra__request_answered(self, NULL, error);
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
